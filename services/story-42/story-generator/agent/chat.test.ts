import { setTimeout as delay } from 'node:timers/promises';
import { ModelError, ToolError } from '../../../common/bedrock/errors';
import type { Tool } from '../../../common/bedrock/tool-calls';
import type { ModelRequest } from '../../../common/bedrock/types';
import { ScriptedAIProvider, type Script } from '../../../common/test-support/scripted-ai-provider';
import { Chat, MAX_ROUNDS, type ChatEvent } from './chat';

const tool = (run: Tool['run'], timeoutMilliseconds = 1_000): Tool => ({
  name: 'look_up',
  description: 'looks something up',
  parameters: { type: 'object' },
  owner: 'the library',
  timeoutMilliseconds,
  run,
});
const call = (id = 'c1', name = 'look_up') => ({ toolCalls: [{ id, name, input: { word: 'sea' } }] });

function setUp(script: Script, tools: Tool[] = [tool(async () => ({ found: 3 }))], stream = false) {
  const ai = new ScriptedAIProvider(script);
  const events: ChatEvent[] = [];
  const failures: string[] = [];
  const chat = new Chat(
    {
      ai,
      modelId: 'm',
      toolFailed: (name, error) => void failures.push(`${name}: ${error.message}`),
      ...(stream && { emit: (event: ChatEvent) => void events.push(event) }),
    },
    {
      system: 'be kind',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'how many seas?' }] }],
      tools,
      signal: AbortSignal.timeout(5_000),
    },
  );
  return { ai, chat, events, failures };
}

const resultOf = ({ messages }: ModelRequest) => messages.at(-1)!.content[0];

test('a tool is called, its result read, and what was done is told', async () => {
  const { ai, chat } = setUp([call(), { text: ' three ' }]);
  expect(await chat.answer()).toEqual({
    text: 'three',
    runs: [{ name: 'look_up', result: { found: 3 }, isError: false, milliseconds: expect.any(Number) }],
    usage: { inputTokens: 20, outputTokens: 10 },
  });
  expect(ai.requests[0]).toMatchObject({ modelId: 'm', system: 'be kind', tools: [{ name: 'look_up' }] });
  expect(resultOf(ai.requests[1]!)).toEqual({ type: 'tool_result', id: 'c1', result: { found: 3 }, isError: false });
});

test.each<[string, Tool, string]>([
  ['says why', tool(async () => Promise.reject(new ToolError('the library is closed'))), 'the library is closed'],
  [
    'keeps inner details',
    tool(async () => Promise.reject(new TypeError('x of undefined'))),
    'the library failed unexpectedly',
  ],
  [
    'that hangs is given up',
    tool(() => new Promise(() => undefined), 30),
    'the library gave no answer within 0.03 seconds',
  ],
])('a failed tool %s: told to the model, not the end', async (_what, failing, message) => {
  const { ai, chat, failures } = setUp([call(), { text: 'sorry' }], [failing]);
  expect(await chat.answer()).toMatchObject({ text: 'sorry', runs: [{ name: 'look_up', isError: true }] });
  expect(resultOf(ai.requests[1]!)).toMatchObject({ isError: true, result: { error: message } });
  expect(failures).toHaveLength(1);
});

test('a tool that there is not is said to be none, and is not among those used', async () => {
  const { ai, chat } = setUp([call('c', 'delete_all'), { text: 'no' }]);
  expect((await chat.answer()).runs).toEqual([]);
  expect(resultOf(ai.requests[1]!)).toMatchObject({ result: { error: 'there is no tool "delete_all"' } });
});

test('tools of one round run side by side, and their results keep the order', async () => {
  let running = 0;
  let most = 0;
  const slow = tool(async ({ word }) => {
    most = Math.max(most, (running += 1));
    await delay(word === 'a' ? 40 : 10);
    running -= 1;
    return { word };
  });
  const both = ['a', 'b'].map((word) => ({ id: word, name: 'look_up', input: { word } }));
  const { ai, chat } = setUp([{ toolCalls: both }, { text: 'ok' }], [slow]);
  expect((await chat.answer()).runs.map(({ result }) => result)).toEqual([{ word: 'a' }, { word: 'b' }]);
  expect(most).toBe(2);
  expect(ai.requests[1]!.messages.at(-1)!.content).toMatchObject([{ id: 'a' }, { id: 'b' }]);
});

test('after eight rounds it must answer, without tools, from what they gave', async () => {
  const { ai, chat } = setUp((request) => (request.tools!.length > 0 ? call() : { text: 'enough' }));
  const { text, runs } = await chat.answer();
  expect(text).toBe('enough');
  expect(runs).toHaveLength(MAX_ROUNDS);
  expect(ai.requests).toHaveLength(MAX_ROUNDS + 1);
  const last = ai.requests.at(-1)!;
  expect(last.messages).toHaveLength(1);
  expect(JSON.stringify(last.messages)).toMatch(/how many seas.*look_up: .*found/);
  expect(JSON.stringify(last.messages)).not.toContain('tool_result');
});

test('as a stream: words as they come, each tool when it begins and ends', async () => {
  const { chat, events } = setUp([{ text: 'let me see', ...call() }, { text: 'three' }], undefined, true);
  expect(await chat.answer()).toMatchObject({ text: 'three', usage: { inputTokens: 20, outputTokens: 10 } });
  expect(events).toEqual([
    { type: 'token', text: 'let me see' },
    { type: 'tool_started', name: 'look_up' },
    { type: 'tool_finished', run: expect.objectContaining({ name: 'look_up', isError: false }) },
    { type: 'token', text: 'three' },
  ]);
});

test('an empty answer is the model’s error; what was used by then is still known', async () => {
  const { chat } = setUp([call(), { text: '  ', stopReason: 'max_tokens' }]);
  await expect(chat.answer()).rejects.toThrow(new ModelError('the model ended (max_tokens) without an answer'));
  expect(chat.runs).toHaveLength(1);
  expect(chat.usage).toEqual({ inputTokens: 20, outputTokens: 10 });
});
