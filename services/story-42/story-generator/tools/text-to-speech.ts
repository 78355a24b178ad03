/** The speech service as a tool. */
import * as z from 'zod';
import { ToolError } from '../../../common/bedrock/errors';
import { MAX_SPEECH_CHARACTERS, speechRequest, voice } from '../http/schemas';
import type { Speaker } from '../speech';
import { defineTool } from './tool';

const SPEECH_TOOL_MILLISECONDS = 60_000;

export const textToSpeech = (speaker: Speaker) =>
  defineTool({
    name: 'text_to_speech',
    description: `Has a segment of a story read aloud and keeps the audio with it; or reads any text of at most ${MAX_SPEECH_CHARACTERS} characters aloud. Give segment_id, or text.`,
    owner: 'the speech service',
    timeoutMilliseconds: SPEECH_TOOL_MILLISECONDS,
    input: z.strictObject({
      session_id: z.uuid().optional().describe('With segment_id; by default the session of this conversation'),
      segment_id: speechRequest.shape.segment_id,
      text: speechRequest.shape.text,
      voice: voice.optional(),
    }),
    run: async ({ session_id, segment_id, text, voice: chosen }, { turn, signal }) => {
      if (segment_id !== undefined && text === undefined) {
        const sessionId = session_id ?? turn.sessionId;
        const target = { sessionId, segmentId: segment_id, owner: turn.owner, voice: chosen };
        const { key } = await speaker.segment(target, signal);
        turn.hasChanged(sessionId);
        return { key };
      }
      if (text === undefined || segment_id !== undefined) throw new ToolError('give either segment_id, or text');
      const { key, url } = await speaker.text(text, turn.owner, chosen, signal);
      return { key, url };
    },
  });
