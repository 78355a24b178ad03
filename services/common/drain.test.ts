import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Drainer } from './drain';

let server: Server;
let drainer: Drainer;
let finish: (() => void)[];

beforeEach(async () => {
  drainer = new Drainer();
  finish = [];
  server = createServer((request, response) => {
    drainer.track(request, response);
    if (request.url === '/slow') finish.push(() => response.end('slow'));
    else response.end('quick');
  });
  drainer.attach(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const port = () => (server.address() as AddressInfo).port;

/** A raw keep-alive connection, so that a test can say what goes over which one. */
async function open(): Promise<{ socket: Socket; ask(path: string): Promise<string>; closed: Promise<void> }> {
  const socket = connect(port(), '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const ask = (path: string) =>
    new Promise<string>((resolve, reject) => {
      socket.once('data', (data) => resolve(data.toString()));
      socket.once('error', reject);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
    });
  return { socket, ask, closed };
}

test('lets what is under way finish, refuses new connections, then closes', async () => {
  const connection = await open();
  const answer = connection.ask('/slow');
  while (drainer.underWay === 0) await delay(5);
  const at = port();
  const drained = drainer.drain({ lingerMilliseconds: 10 });
  await expect(fetch(`http://127.0.0.1:${at}/`)).rejects.toThrow();
  finish[0]!();
  expect(await answer).toContain('slow');
  expect(await drained).toEqual({ abandoned: 0 });
  await connection.closed;
});

test('serves a request that was on its way over an open connection, and closes that connection after it', async () => {
  const connection = await open();
  expect(await connection.ask('/')).not.toMatch(/connection: close/i);
  const drained = drainer.drain({ lingerMilliseconds: 300 });
  expect(await connection.ask('/')).toMatch(/connection: close/i);
  await connection.closed;
  expect(await drained).toEqual({ abandoned: 0 });
});

test('cuts off what is still running at the limit, and says how much', async () => {
  const connection = await open();
  connection.ask('/slow').catch(() => undefined);
  while (drainer.underWay === 0) await delay(5);
  expect(await drainer.drain({ lingerMilliseconds: 1, limitMilliseconds: 60 })).toEqual({ abandoned: 1 });
  await connection.closed;
});

test('a second call does nothing', async () => {
  const first = drainer.drain({ lingerMilliseconds: 1 });
  expect(await drainer.drain()).toEqual({ abandoned: 0 });
  await first;
});
