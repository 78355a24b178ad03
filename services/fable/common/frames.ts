/** What is sent over a WebSocket to a client, and how it is kept below API Gateway's limit of one frame. */
import type { BuildStatus } from './builds';
import type { ConversationMessage } from './conversations';
import type { FableErrorCode, Issue } from './errors';

/** API Gateway's limit of a frame, which ours stay under. */
export const FRAME_BYTES = 32 * 1024;
/** What of a frame a long part may take, so that the rest of it has room. */
const PART_BYTES = 28 * 1024;

export interface HistoryMessage extends ConversationMessage {
  /** The text goes on in the next message: it is too long for one frame. */
  readonly continued?: true;
}

export type Frame =
  | { readonly type: 'message_start'; readonly conversationId: string }
  | { readonly type: 'message_delta'; readonly conversationId: string; readonly text: string }
  | { readonly type: 'message_end'; readonly conversationId: string; readonly stopReason: string }
  | { readonly type: 'build_started'; readonly buildId: string; readonly conversationId: string }
  | {
      readonly type: 'build_update';
      readonly buildId: string;
      readonly status: BuildStatus;
      readonly result?: unknown;
      /** The result is too large for a frame; it is in the build's record. */
      readonly resultOmitted?: true;
    }
  | {
      readonly type: 'history';
      readonly conversationId: string;
      readonly messages: readonly HistoryMessage[];
      /** Whether this is the last frame of this history. */
      readonly last: boolean;
    }
  | { readonly type: 'pong' }
  | {
      readonly type: 'error';
      readonly code: FableErrorCode | 'MODEL_ERROR' | 'TIMEOUT';
      readonly message: string;
      readonly issues?: readonly Issue[];
    };

/** Of JSON text, as it goes over the wire. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

export function buildUpdate(buildId: string, status: BuildStatus, result?: unknown): Frame {
  const frame: Frame = { type: 'build_update', buildId, status };
  if (result === undefined) return frame;
  return jsonBytes(result) <= PART_BYTES ? { ...frame, result } : { ...frame, resultOmitted: true };
}

export type ErrorFrame = Extract<Frame, { type: 'error' }>;

export function errorFrame(code: ErrorFrame['code'], message: string, issues?: readonly Issue[]): ErrorFrame {
  const [cut = ''] = splitText(message, 2_000);
  const frame: ErrorFrame = { type: 'error', code, message: cut };
  return issues && jsonBytes(issues) <= PART_BYTES / 2 ? { ...frame, issues } : frame;
}

/** As many frames as it takes; an empty history is one frame, too. */
export function historyFrames(conversationId: string, messages: readonly ConversationMessage[]): Frame[] {
  const pages: HistoryMessage[][] = [[]];
  let bytes = 0;
  for (const message of messages.flatMap(inParts)) {
    const size = jsonBytes(message) + 1;
    if (bytes + size > PART_BYTES + 1_024 && bytes > 0) {
      pages.push([]);
      bytes = 0;
    }
    pages.at(-1)!.push(message);
    bytes += size;
  }
  return pages.map((page, index) => ({
    type: 'history',
    conversationId,
    messages: page,
    last: index === pages.length - 1,
  }));
}

export const deltaFrames = (conversationId: string, text: string): Frame[] =>
  splitText(text).map((part) => ({ type: 'message_delta', conversationId, text: part }));

function inParts(message: ConversationMessage): HistoryMessage[] {
  const parts = splitText(message.text);
  return parts.map((text, index) => ({
    ...message,
    text,
    ...(index < parts.length - 1 && { continued: true as const }),
  }));
}

/** Parts that take at most so many bytes each once they are JSON; never cuts a character in two. */
export function splitText(text: string, limit = PART_BYTES): string[] {
  if (jsonBytes(text) <= limit) return [text];
  const parts: string[] = [];
  let part = '';
  let bytes = 2;
  for (const character of text) {
    const size = jsonBytes(character) - 2;
    if (bytes + size > limit) {
      parts.push(part);
      part = '';
      bytes = 2;
    }
    part += character;
    bytes += size;
  }
  parts.push(part);
  return parts;
}
