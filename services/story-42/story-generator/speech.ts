/**
 * Texts read aloud by the speech service and kept in the bucket. The service is asked by
 * `POST <base>/v1/speech {text, voice?, format: "mp3"}` with its key in `x-api-key`, and answers with the audio itself.
 */
import { createHash } from 'node:crypto';
import { HttpClientError, type HttpClient } from '../../common/http-client';
import { SecretUnavailableError, type SecretValue } from '../../common/secret-value';
import { conflict, invalid, segmentNotFound, StoryError } from '../common/errors';
import { audioKey, type StoryObjects } from '../common/objects';
import { findSegment, withSegment } from '../common/session';
import type { SessionStore } from '../common/session-store';
import { MAX_SPEECH_CHARACTERS } from './http/schemas';

export const AUDIO_TYPE = 'audio/mpeg';
/** Of one try at the speech service. */
export const SPEECH_MILLISECONDS = 45_000;
export const SPEECH_BYTES = 20_000_000;

export interface Speech {
  readonly key: string;
  readonly url: string;
  readonly content_type: typeof AUDIO_TYPE;
}

export interface SpeakerOptions {
  /** At the service's base URL. */
  readonly client: HttpClient;
  readonly apiKey: SecretValue;
  readonly sessions: Pick<SessionStore, 'get' | 'change'>;
  readonly objects: Pick<StoryObjects, 'put' | 'url'>;
}

export class Speaker {
  readonly #options: SpeakerOptions;

  constructor(options: SpeakerOptions) {
    this.#options = options;
  }

  /** The segment's own audio: its session points to it afterwards. */
  async segment(
    target: { sessionId: string; segmentId: string; owner: string; voice?: string },
    signal: AbortSignal,
  ): Promise<Speech> {
    const { sessionId, segmentId, owner, voice } = target;
    const { sessions } = this.#options;
    const before = findSegment(await sessions.get(sessionId, owner), segmentId);
    if (!before) throw segmentNotFound(segmentId);
    if (before.text.trim() === '') throw invalid('segment_id', 'names a segment without text');
    if (before.text.length > MAX_SPEECH_CHARACTERS) {
      throw invalid('segment_id', `names a segment with more than ${MAX_SPEECH_CHARACTERS} characters`);
    }
    const speech = await this.#keep(audioKey(sessionId, segmentId), before.text, voice, signal);
    await sessions.change(sessionId, owner, (session) => {
      const segment = findSegment(session, segmentId);
      if (!segment) throw segmentNotFound(segmentId);
      if (segment.text !== before.text) throw conflict('the segment was changed while it was read aloud; try again');
      return segment.audio_key === speech.key ? session : withSegment(session, { ...segment, audio_key: speech.key });
    });
    return speech;
  }

  /** Any text; the same text in the same voice of the same user has one object. */
  text(text: string, owner: string, voice: string | undefined, signal: AbortSignal): Promise<Speech> {
    const hash = createHash('sha256')
      .update(JSON.stringify([voice ?? null, text]))
      .digest('hex')
      .slice(0, 32);
    return this.#keep(audioKey(owner, hash), text, voice, signal);
  }

  async #keep(key: string, text: string, voice: string | undefined, signal: AbortSignal): Promise<Speech> {
    const { objects } = this.#options;
    await objects.put(key, await this.#speak(text, voice, signal), AUDIO_TYPE);
    return { url: await objects.url(key), key, content_type: AUDIO_TYPE };
  }

  async #speak(text: string, voice: string | undefined, signal: AbortSignal): Promise<Buffer> {
    const { client, apiKey } = this.#options;
    try {
      const { bytes, headers } = await client.request('/v1/speech', {
        method: 'POST',
        headers: { 'x-api-key': await apiKey.get(), accept: AUDIO_TYPE },
        json: { text, ...(voice !== undefined && { voice }), format: 'mp3' },
        signal,
      });
      const type = headers.get('content-type') ?? '';
      if (!/^(audio\/|application\/octet-stream)/i.test(type))
        throw speechError('answered with something other than audio');
      if (bytes.byteLength === 0) throw speechError('answered without any audio');
      return bytes;
    } catch (error) {
      if (signal.aborted || error instanceof StoryError) throw error;
      if (error instanceof SecretUnavailableError) throw speechError('cannot be asked: its key cannot be read', error);
      if (error instanceof HttpClientError && error.failure === 'status') {
        // The key may have been changed meanwhile; the next request reads it anew.
        if (error.status === 401 || error.status === 403) apiKey.forget();
        throw speechError(`answered with HTTP ${error.status}`, error);
      }
      throw speechError(
        error instanceof HttpClientError && error.failure === 'timeout' ? 'gave no answer in time' : 'is out of reach',
        error,
      );
    }
  }
}

const speechError = (what: string, cause?: unknown) =>
  new StoryError('tts_error', `the speech service ${what}`, { cause });
