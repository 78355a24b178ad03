import { setTimeout as delay } from 'node:timers/promises';
import { eventStream, wantsEvents } from './event-stream';

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

test('events in order, a line break inside of one kept apart, then the end', async () => {
  const stream = eventStream(async (send) => {
    send({ event: 'token', data: { text: 'a\nb' } });
    await delay(1);
    send({ event: 'done', data: {} });
  });
  expect(await textOf(stream)).toBe(': working\n\nevent: token\ndata: {"text":"a\\nb"}\n\nevent: done\ndata: {}\n\n');
});

test('while nothing happens, a comment now and then', async () => {
  const stream = eventStream(() => delay(100), { heartbeatMilliseconds: 10 });
  expect(await textOf(stream)).toMatch(/^: working\n\n(: still here\n\n)+$/);
});

test.each([
  ['text/event-stream', true],
  ['application/json, text/event-stream;q=0.9', true],
  ['Text/Event-Stream', true],
  ['application/json', false],
  ['*/*', false],
  ['text/event-streams', false],
  [undefined, false],
])('accept %s', (accept, wanted) => {
  expect(wantsEvents(accept)).toBe(wanted);
});
