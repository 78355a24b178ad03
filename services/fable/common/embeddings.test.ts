import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { startFakeAws, type FakeAws } from '../../common/test-support/fake-aws';
import { createEmbed, DIMENSIONS } from './embeddings';

let aws: FakeAws;
const embed = () =>
  createEmbed(
    new BedrockRuntimeClient({ ...aws.settings, maxAttempts: 1, requestHandler: new NodeHttpHandler() }),
    'titan',
    1,
  );
const numbers = (length: number) => ({ embedding: Array<number>(length).fill(0.5) });
beforeEach(async () => {
  aws = await startFakeAws();
});
afterEach(() => aws.close());

test('a text becomes 1536 numbers; any other length is an error', async () => {
  aws.answer = () => ({ body: numbers(DIMENSIONS) });
  expect(await embed()('tea')).toHaveLength(1536);
  expect(aws.calls).toMatchObject([{ operation: '/model/titan/invoke', input: { inputText: 'tea' } }]);
  aws.answer = () => ({ body: numbers(1024) });
  await expect(embed()('tea')).rejects.toThrow('the model titan gives 1024 numbers; memories need 1536');
  aws.answer = () => ({ body: {} });
  await expect(embed()('tea')).rejects.toThrow('the embedding model gave no embedding');
});

test('throttling is waited out three times, a refusal is not repeated', async () => {
  let left = 2;
  aws.answer = () => ((left -= 1) >= 0 ? { fault: 'ThrottlingException', status: 429 } : { body: numbers(DIMENSIONS) });
  expect(await embed()('tea')).toHaveLength(1536);
  left = 9;
  await expect(embed()('tea')).rejects.toMatchObject({ name: 'ThrottledError' });
  aws.calls.length = 0;
  aws.answer = () => ({ fault: 'AccessDeniedException', status: 403 });
  await expect(embed()('tea')).rejects.toThrow('the embedding request failed (AccessDeniedException)');
  expect(aws.calls).toHaveLength(1);
});
