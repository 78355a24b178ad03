import { eventOf, readEvents } from './events';

/** A body that arrives in these pieces. */
function bodyOf(...pieces: string[]): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(bytes.encode(piece));
      controller.close();
    },
  });
}

async function all(body: ReadableStream<Uint8Array>) {
  const events = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

const text = ': working\n\nevent: token\ndata: {"text":"Grüße"}\n\nevent: done\ndata: 1\ndata: 2\n\n';
const expected = [
  { event: 'token', data: '{"text":"Grüße"}' },
  { event: 'done', data: '1\n2' },
];

test('events come out whole, wherever the body is cut', async () => {
  for (let cut = 0; cut <= text.length; cut++)
    expect(await all(bodyOf(text.slice(0, cut), text.slice(cut)))).toEqual(expected);
});

test('every kind of line end is one, also when it is cut in two', async () => {
  for (const end of ['\r\n', '\r']) {
    const other = text.replaceAll('\n', end);
    for (let cut = 0; cut <= other.length; cut++)
      expect(await all(bodyOf(other.slice(0, cut), other.slice(cut)))).toEqual(expected);
  }
});

test('a character of several bytes survives a cut in its middle', async () => {
  const bytes = new TextEncoder().encode(text);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  expect(await all(body)).toEqual(expected);
});

test('what is not finished by an empty line is no event', async () => {
  expect(await all(bodyOf('event: token\ndata: 1\n\nevent: done\ndata: 2'))).toEqual([{ event: 'token', data: '1' }]);
});

test('comments alone are nothing; an event without a name is a message', () => {
  expect(eventOf(': still here')).toBeUndefined();
  expect(eventOf('data:x')).toEqual({ event: 'message', data: 'x' });
});
