import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { ModelError, ThrottledError } from './errors';
import type { ModelRequest } from './types';
import { startFakeAws, type FakeAws } from '../test-support/fake-aws';
import { BedrockProvider, ToolNames } from './bedrock-provider';

let aws: FakeAws;
let client: BedrockRuntimeClient;
let provider: BedrockProvider;
beforeEach(async () => {
  aws = await startFakeAws();
  client = new BedrockRuntimeClient({ ...aws.settings, maxAttempts: 1, requestHandler: new NodeHttpHandler() });
  provider = new BedrockProvider(client, { backoffMilliseconds: 1 });
});
afterEach(async () => {
  client.destroy();
  await aws.close();
});

const request: ModelRequest = {
  modelId: 'us.anthropic.claude',
  system: 'be brief',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
  maxTokens: 50,
};
const tools = [{ name: 'jira.sprint_status', description: 'sprint', parameters: { type: 'object' } }];
const said = (...content: unknown[]) => ({
  body: {
    output: { message: { role: 'assistant', content } },
    stopReason: 'end_turn',
    usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5 },
  },
});

test('sends the request in Converse form, and reads text and usage', async () => {
  aws.answer = () => said({ text: 'hel' }, { text: 'lo' });
  expect(await provider.converse(request)).toEqual({
    text: 'hello',
    toolCalls: [],
    stopReason: 'end_turn',
    usage: { inputTokens: 3, outputTokens: 2 },
  });
  expect(aws.calls).toEqual([
    {
      operation: '/model/us.anthropic.claude/converse',
      input: {
        system: [{ text: 'be brief' }],
        messages: [{ role: 'user', content: [{ text: 'hi' }] }],
        inferenceConfig: { maxTokens: 50 },
      },
    },
  ]);
});

test('tools go under names that Converse allows, and come back under ours', async () => {
  aws.answer = () => said({ toolUse: { toolUseId: 't1', name: 'jira_sprint_status', input: { a: 1 } } });
  const { toolCalls } = await provider.converse({
    ...request,
    tools,
    messages: [
      ...request.messages,
      { role: 'assistant', content: [{ type: 'tool_call', id: 't0', name: 'jira.sprint_status', input: {} }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', id: 't0', result: { n: 1 }, isError: false },
          { type: 'tool_result', id: 't1', result: [1], isError: true },
        ],
      },
    ],
  });
  expect(toolCalls).toEqual([{ id: 't1', name: 'jira.sprint_status', input: { a: 1 } }]);
  expect(aws.calls[0]!.input).toMatchObject({
    toolConfig: { tools: [{ toolSpec: { name: 'jira_sprint_status', inputSchema: { json: { type: 'object' } } } }] },
    messages: [
      {},
      { content: [{ toolUse: { toolUseId: 't0', name: 'jira_sprint_status', input: {} } }] },
      {
        content: [
          { toolResult: { toolUseId: 't0', content: [{ json: { n: 1 } }], status: 'success' } },
          { toolResult: { toolUseId: 't1', content: [{ text: '[1]' }], status: 'error' } },
        ],
      },
    ],
  });
});

test('two names that differ only in what is not allowed stay apart', () => {
  const names = new ToolNames([{ name: 'a.b' }, { name: 'a_b' }]);
  expect(names.wire('a.b')).toBe('a_b');
  expect(names.wire('a_b')).toBe('a_b_2');
  expect(names.ours('a_b_2')).toBe('a_b');
  expect(names.ours('unknown')).toBe('unknown');
});

test('throttled twice, answered the third time', async () => {
  aws.answer = () => (aws.calls.length < 3 ? { fault: 'ThrottlingException', status: 429 } : said({ text: 'at last' }));
  expect(await provider.converse(request)).toMatchObject({ text: 'at last' });
  expect(aws.calls).toHaveLength(3);
});

test.each([
  ['ThrottlingException', 429, ThrottledError, 3],
  ['ServiceQuotaExceededException', 400, ThrottledError, 3],
  ['ServiceUnavailableException', 503, ModelError, 3],
  ['AccessDeniedException', 403, ModelError, 1],
  ['ValidationException', 400, ModelError, 1],
  ['ResourceNotFoundException', 404, ModelError, 1],
])('%s (%d) ends as the right error after the right number of tries', async (fault, status, type, tries) => {
  aws.answer = () => ({ fault, status, message: 'arn:aws:bedrock:us-east-1:123456789012:model/x is not for you' });
  const failed = provider.converse(request);
  await expect(failed).rejects.toBeInstanceOf(type);
  await expect(failed).rejects.not.toThrow(/arn:/);
  await expect(failed).rejects.toHaveProperty('cause.name', fault);
  expect(aws.calls).toHaveLength(tries);
});

test('an aborted request ends with the reason of its signal, at once', async () => {
  aws.answer = () => 'hang';
  const controller = new AbortController();
  const reason = new Error('time is up');
  const failed = provider.converse({ ...request, signal: controller.signal });
  setTimeout(() => controller.abort(reason), 20);
  await expect(failed).rejects.toBe(reason);
  expect(aws.calls).toHaveLength(1);
});

test('a stream that cannot be opened is tried again and ends as the same errors', async () => {
  aws.answer = () => ({ fault: 'ThrottlingException', status: 429 });
  const events = async () => {
    for await (const event of provider.converseStream(request)) return event;
    return undefined;
  };
  await expect(events()).rejects.toBeInstanceOf(ThrottledError);
  expect(aws.calls.map(({ operation }) => operation)).toEqual(
    Array(3).fill('/model/us.anthropic.claude/converse-stream'),
  );
});

describe('streams', () => {
  /** Events as the SDK gives them; their binary form is the SDK's own business. */
  const streaming = (...events: object[]) => {
    const stream = (async function* () {
      yield* events;
    })();
    return new BedrockProvider({ send: async () => ({ stream }) } as unknown as BedrockRuntimeClient);
  };
  const collect = async (from: BedrockProvider) => {
    const events = [];
    for await (const event of from.converseStream({ ...request, tools })) events.push(event);
    return events;
  };
  const toolUse = (...inputs: string[]) => [
    { contentBlockStart: { start: { toolUse: { toolUseId: 't', name: 'jira_sprint_status' } } } },
    ...inputs.map((input) => ({ contentBlockDelta: { delta: { toolUse: { input } } } })),
    { contentBlockStop: {} },
  ];

  test('text as it comes, tool calls when complete, the end with usage', async () => {
    const events = await collect(
      streaming(
        { messageStart: { role: 'assistant' } },
        { contentBlockDelta: { delta: { text: 'a' } } },
        { contentBlockStop: {} },
        ...toolUse('{"x"', ':1}'),
        ...toolUse(),
        { messageStop: { stopReason: 'tool_use' } },
        { metadata: { usage: { inputTokens: 1, outputTokens: 2 } } },
      ),
    );
    expect(events).toEqual([
      { type: 'text', text: 'a' },
      { type: 'tool_call', call: { id: 't', name: 'jira.sprint_status', input: { x: 1 } } },
      { type: 'tool_call', call: { id: 't', name: 'jira.sprint_status', input: {} } },
      { type: 'end', stopReason: 'tool_use', usage: { inputTokens: 1, outputTokens: 2 } },
    ]);
  });

  test('broken tool input is the model’s error', async () => {
    await expect(collect(streaming(...toolUse('{"x"')))).rejects.toBeInstanceOf(ModelError);
  });
});
