import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFakeAws, type FakeAws } from '../../common/test-support/fake-aws';
import { createBucketClient } from '../common/clients';
import { copy } from './copy';

let aws: FakeAws;
let folder: string;
let lines: string[];
beforeEach(async () => {
  lines = [];
  aws = await startFakeAws();
  folder = await mkdtemp(join(tmpdir(), 'copy-'));
});
afterEach(() => Promise.all([aws.close(), rm(folder, { recursive: true })]));

const run = (...words: string[]) =>
  copy(
    {
      client: createBucketClient({ ...aws.settings, forcePathStyle: true, maxAttempts: 1 }),
      print: (line) => void lines.push(line),
    },
    words,
  );

test('uploads and downloads, silently if asked', async () => {
  const file = join(folder, 'a.json');
  await writeFile(file, '{"ü":1}');
  expect(await run('s3', 'cp', file, 's3://bucket/folder/a.json', '--only-show-errors')).toBe(0);
  expect(aws.calls[0]).toMatchObject({ operation: '/bucket/folder/a.json?x-id=PutObject', input: { ü: 1 } });
  expect(lines).toEqual([]);
  aws.answer = () => ({ bytes: Buffer.from([0, 255, 10]), type: 'binary/octet-stream' });
  expect(await run('s3', 'cp', 's3://bucket/b', join(folder, 'b'))).toBe(0);
  expect(await readFile(join(folder, 'b'))).toEqual(Buffer.from([0, 255, 10]));
  expect(lines).toEqual([`download: s3://bucket/b to ${join(folder, 'b')}`]);
});

test('what fails ends with 1 and leaves no file', async () => {
  aws.answer = () => ({ fault: 'NoSuchKey', status: 404 });
  expect(await run('s3', 'cp', 's3://bucket/b', join(folder, 'b'), '--only-show-errors')).toBe(1);
  expect(await run('s3', 'cp', join(folder, 'none'), 's3://bucket/b')).toBe(1);
  expect(lines).toEqual([expect.stringContaining('copy failed: s3://bucket/b'), expect.stringContaining('ENOENT')]);
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  [[]],
  [['s3', 'ls']],
  [['s3', 'cp', 'a', 'b']],
  [['s3', 'cp', 's3://b/a', 's3://b/c']],
  [['s3', 'cp', 'a', 's3://bucket']],
  [['s3', 'cp', '', 's3://b/a']],
  [['s3', 'cp', 'a', 's3://b/a', '--recursive']],
])('a command line that it does not know ends with 252: %j', async (words) => {
  expect(await run(...words)).toBe(252);
  expect(lines).toEqual([expect.stringContaining('usage')]);
  expect(aws.calls).toEqual([]);
});
