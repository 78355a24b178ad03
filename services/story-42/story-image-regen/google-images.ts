/** Pictures from Google's generative API: Imagen models by `predict`, Gemini models by `generateContent`. */
import * as z from 'zod/mini';
import { HttpClient, HttpClientError } from '../../common/http-client';
import { SecretUnavailableError, type SecretValue } from '../../common/secret-value';
import { StoryError } from '../common/errors';
import type { imageSizes } from '../common/schemas';

export type ImageSize = (typeof imageSizes)[number];

const aspectRatios: Readonly<Record<ImageSize, string>> = {
  '1024x1024': '1:1',
  '896x1280': '3:4',
  '1280x896': '4:3',
  '768x1408': '9:16',
  '1408x768': '16:9',
};

/** Base64 makes a picture a third larger. */
const MAX_BYTES = 30_000_000;
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Google answers 400, too, when it does not know a key. */
const refusedKey = new Set([400, 401, 403]);

const predictAnswer = z.object({
  predictions: z._default(
    z.array(z.object({ bytesBase64Encoded: z.optional(z.string()), raiFilteredReason: z.optional(z.string()) })),
    [],
  ),
});

const contentAnswer = z.object({
  candidates: z._default(
    z.array(
      z.object({
        content: z.optional(
          z.object({
            parts: z._default(z.array(z.object({ inlineData: z.optional(z.object({ data: z.string() })) })), []),
          }),
        ),
      }),
    ),
    [],
  ),
});

export interface GoogleImagesOptions {
  readonly baseUrl: string;
  readonly modelId: string;
  readonly key: SecretValue;
  /** Of one try; there are three. @default 60000 */
  readonly timeoutMilliseconds?: number;
  /** @default 1000 */
  readonly backoffMilliseconds?: number;
}

export interface ImageRequest {
  readonly prompt: string;
  readonly size: ImageSize;
  readonly signal: AbortSignal;
}

export class GoogleImages {
  readonly #http: HttpClient;
  readonly #modelId: string;
  readonly #key: SecretValue;

  constructor(options: GoogleImagesOptions) {
    const { baseUrl, timeoutMilliseconds = 60_000, backoffMilliseconds = 1_000 } = options;
    this.#http = new HttpClient({ baseUrl, timeoutMilliseconds, backoffMilliseconds, maxBytes: MAX_BYTES });
    this.#modelId = options.modelId;
    this.#key = options.key;
  }

  /** A PNG. @throws StoryError `image_provider_error` or `throttled`; the reason of the signal. */
  async generate(request: ImageRequest): Promise<Buffer> {
    const answer = await this.#ask(request);
    const image = Buffer.from(this.#modelId.startsWith('imagen') ? predicted(answer) : generated(answer), 'base64');
    if (!image.subarray(0, PNG.length).equals(PNG)) throw failed('the image provider sent something other than a PNG');
    return image;
  }

  /** Once more with a newly read key, if the one we have is refused and has changed. */
  async #ask(request: ImageRequest): Promise<unknown> {
    try {
      const key = await this.#key.get();
      try {
        return await this.#send(request, key);
      } catch (error) {
        if (!(error instanceof HttpClientError && refusedKey.has(error.status ?? 0))) throw error;
        this.#key.forget();
        const fresh = await this.#key.get();
        if (fresh === key) throw error;
        return await this.#send(request, fresh);
      }
    } catch (error) {
      request.signal.throwIfAborted();
      throw translate(error);
    }
  }

  #send({ prompt, size, signal }: ImageRequest, key: string): Promise<unknown> {
    const aspectRatio = aspectRatios[size];
    const imagen = this.#modelId.startsWith('imagen');
    return this.#http.json(`/v1beta/models/${this.#modelId}:${imagen ? 'predict' : 'generateContent'}`, {
      method: 'POST',
      headers: { 'x-goog-api-key': key },
      json: imagen
        ? { instances: [{ prompt }], parameters: { sampleCount: 1, aspectRatio } }
        : {
            contents: [{ role: 'user', parts: [{ text: prompt }] }],
            generationConfig: { responseModalities: ['TEXT', 'IMAGE'], imageConfig: { aspectRatio } },
          },
      signal,
    });
  }
}

function predicted(answer: unknown): string {
  const { predictions } = understood(predictAnswer, answer);
  const data = predictions.find(({ bytesBase64Encoded }) => bytesBase64Encoded !== undefined)?.bytesBase64Encoded;
  if (data === undefined) throw refused();
  return data;
}

function generated(answer: unknown): string {
  const { candidates } = understood(contentAnswer, answer);
  const parts = candidates.flatMap(({ content }) => content?.parts ?? []);
  const data = parts.find(({ inlineData }) => inlineData !== undefined)?.inlineData?.data;
  if (data === undefined) throw refused();
  return data;
}

function understood<Schema extends z.core.$ZodType>(schema: Schema, answer: unknown): z.output<Schema> {
  const result = z.safeParse(schema, answer);
  if (!result.success) throw failed('the image provider answered in a form that is not understood', result.error);
  return result.data;
}

const failed = (message: string, cause?: unknown) => new StoryError('image_provider_error', message, { cause });
const refused = () => failed('the image provider made no image for this prompt; its content rules may forbid it');

function translate(error: unknown): unknown {
  if (error instanceof SecretUnavailableError) return failed('image generation is not set up: no usable key', error);
  if (!(error instanceof HttpClientError)) return error;
  if (error.status === 429) return new StoryError('throttled', 'the image provider is busy', { cause: error });
  if (error.status !== undefined && refusedKey.has(error.status)) {
    return failed(`the image provider refused the request (HTTP ${error.status})`, error);
  }
  return failed('the image provider did not answer as it should', error);
}
