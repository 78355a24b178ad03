/**
 * The outside services that Story-42 calls, as local servers: Google's image API, the speech service and the search engine.
 * They answer in the real services' forms, remember what they were asked, and fail when told to.
 */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { paintPng } from './story-pictures';

interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface StoryProviders {
  /** As containers reach them, for the rehearsal's settings. */
  readonly settings: {
    readonly googleApiBaseUrl: string;
    readonly ttsApiBaseUrl: string;
    readonly searchBaseUrl: string;
  };
  readonly google: Asked[];
  readonly speech: Asked[];
  readonly search: Asked[];
  /** Prompts that hold this text get no image. */
  refusedPrompt: string | undefined;
  stop(): Promise<void>;
}

/** A second of silence: MPEG-1 layer III frames of 128 kbit/s and 44.1 kHz with nothing in them. */
const MP3 = Buffer.concat(
  Array.from({ length: 40 }, () => Buffer.concat([Buffer.from('fffb9064', 'hex'), Buffer.alloc(413)])),
);

export async function startStoryProviders(keys: { google: string; speech: string }): Promise<StoryProviders> {
  const asked = { google: [] as Asked[], speech: [] as Asked[], search: [] as Asked[] };
  const state: { refusedPrompt: string | undefined } = { refusedPrompt: undefined };
  const google = await serve(asked.google, ({ path, headers, body }) => {
    if (headers['x-goog-api-key'] !== keys.google) return [400, { error: { message: 'API key not valid.' } }];
    if (!/^\/v1beta\/models\/[\w.-]+:predict$/.test(path)) return [404, { error: { message: `nothing at ${path}` } }];
    const { instances } = JSON.parse(body) as { instances: { prompt: string }[] };
    const prompt = instances[0]?.prompt ?? '';
    if (state.refusedPrompt !== undefined && prompt.includes(state.refusedPrompt)) {
      return [200, { predictions: [{ raiFilteredReason: 'Filtered.' }] }];
    }
    const image = paintPng(asked.google.length, 160).toString('base64');
    return [200, { predictions: [{ mimeType: 'image/png', bytesBase64Encoded: image }] }];
  });
  const speech = await serve(asked.speech, ({ headers }) =>
    headers['x-api-key'] === keys.speech ? [200, MP3, 'audio/mpeg'] : [401, { error: 'unknown key' }],
  );
  const search = await serve(asked.search, ({ path }) => {
    const query = new URL(path, 'http://search').searchParams.get('q') ?? '';
    const link = `//duckduckgo.com/l/?uddg=${encodeURIComponent('https://example.org/lamps')}`;
    const page =
      `<h2 class="result__title"><a class="result__a" href="${link}">About ${query}</a></h2>` +
      `<a class="result__snippet" href="${link}">Lamps give light.</a>`;
    return [200, page, 'text/html'];
  });
  const address = (server: Server) => `http://host.docker.internal:${(server.address() as AddressInfo).port}`;
  return {
    settings: {
      googleApiBaseUrl: address(google),
      ttsApiBaseUrl: address(speech),
      searchBaseUrl: address(search),
    },
    ...asked,
    get refusedPrompt() {
      return state.refusedPrompt;
    },
    set refusedPrompt(text) {
      state.refusedPrompt = text;
    },
    async stop() {
      for (const server of [google, speech, search]) {
        server.closeAllConnections();
        await new Promise<void>((resolve) => server.close(() => resolve()));
      }
    },
  };
}

type Reply = readonly [status: number, body: object | string | Buffer, type?: string];

async function serve(kept: Asked[], answer: (asked: Asked) => Reply): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const asked = {
        path: request.url ?? '/',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      kept.push(asked);
      const [status, body, type = 'application/json'] = answer(asked);
      response.writeHead(status, { 'content-type': type });
      response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
    });
  });
  // Containers come by way of the bridge.
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  return server;
}
