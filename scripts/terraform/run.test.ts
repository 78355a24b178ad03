import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftRunning, runEngine, waitForEngine, type EngineEvent } from './run';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sluice-run-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const request = (script: string, onEvent?: (event: EngineEvent) => void) => ({
  binary: process.execPath,
  args: ['-e', script],
  cwd: folder,
  env: {},
  log: join(folder, 'logs', 'engine.jsonl'),
  record: join(folder, 'engine.json'),
  onEvent,
});

test('follows the log, keeps it, and tells events from plain text', async () => {
  const seen: string[] = [];
  const script = `console.log(JSON.stringify({ type: 'a', '@message': 'größer' })); console.error('plain'); process.exit(3)`;
  const result = await runEngine(request(script, (event) => seen.push(event['@message'])));
  expect(result).toMatchObject({ exitCode: 3, text: ['plain'] });
  expect(seen).toEqual(['größer']);
  expect(readFileSync(join(folder, 'logs', 'engine.jsonl'), 'utf8')).toContain('größer');
  expect(existsSync(join(folder, 'engine.json'))).toBe(false);
});

test('a program that cannot be started is an error, and leaves no record', async () => {
  await expect(runEngine({ ...request(''), binary: join(folder, 'missing') })).rejects.toThrow(/ENOENT/);
  expect(leftRunning(join(folder, 'engine.json'))).toBeUndefined();
});

test('an engine that outlived its command is found and waited for', async () => {
  const record = join(folder, 'engine.json');
  const running = runEngine(
    request(`setTimeout(() => console.log(JSON.stringify({ type: 'end', '@message': 'done' })), 600)`),
  );
  const found = leftRunning(record);
  expect(found).toMatchObject({ command: '-e' });
  const seen: string[] = [];
  await waitForEngine(found!, (event) => seen.push(event['@message']));
  expect(seen).toEqual(['done']);
  await running;
});

test('a reused process id is not taken for the engine', () => {
  const record = join(folder, 'engine.json');
  writeFileSync(record, JSON.stringify({ pid: process.pid, started: 1, command: 'apply', since: '', log: '' }));
  expect(leftRunning(record)).toBeUndefined();
  writeFileSync(record, '{ trunc');
  expect(leftRunning(record)).toBeUndefined();
});
