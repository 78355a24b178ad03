import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checksumOf, download, fetchText, reachable } from './download';

const content = Buffer.from('a release archive');
const sha256 = createHash('sha256').update(content).digest('hex');

let server: Server;
let base: string;
let folder: string;
let handler: RequestListener;

beforeAll(async () => {
  delete process.env['SLUICE_DOWNLOADS'];
  server = createServer((request, response) => handler(request, response));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), 'sluice-download-'));
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

describe('download', () => {
  test('writes the file when the checksum fits', async () => {
    handler = (_request, response) => response.end(content);
    await download(`${base}/file`, sha256, join(folder, 'good'));
    expect(readFileSync(join(folder, 'good'))).toEqual(content);
  });

  test('refuses a file with another checksum', async () => {
    handler = (_request, response) => response.end('something else');
    await expect(download(`${base}/file`, sha256, join(folder, 'bad'))).rejects.toThrow(
      `${base}/file has checksum ${createHash('sha256').update('something else').digest('hex')}, but ${sha256} was expected`,
    );
  });

  test('says which status a server answered', async () => {
    handler = (_request, response) => response.writeHead(404).end();
    await expect(download(`${base}/file`, sha256, join(folder, 'none'))).rejects.toThrow(`${base}/file answered 404`);
  });

  test('gives up when nothing comes any more', async () => {
    handler = (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('begin');
    };
    await expect(download(`${base}/file`, sha256, join(folder, 'stuck'), { idleMilliseconds: 100 })).rejects.toThrow(
      'nothing came for 0.1 s',
    );
  });

  test('a connection that breaks is an error', async () => {
    handler = (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('begin', () => response.destroy());
    };
    await expect(download(`${base}/file`, sha256, join(folder, 'broken'))).rejects.toThrow('failed');
  });
});

describe('reachable', () => {
  test('asks once per address', async () => {
    let asked = 0;
    handler = (_request, response) => {
      asked++;
      response.end();
    };
    expect([await reachable(`${base}/once`), await reachable(`${base}/once`)]).toEqual([true, true]);
    expect(asked).toBe(1);
  });

  test('is false for an error status, a closed port and a server that is too slow', async () => {
    handler = (_request, response) => response.writeHead(503).end();
    expect(await reachable(`${base}/unwell`)).toBe(false);
    expect(await reachable('http://127.0.0.1:9/closed')).toBe(false);
    handler = () => undefined;
    expect(await reachable(`${base}/slow`, 100)).toBe(false);
  });

  test('is false without asking when downloads are switched off', async () => {
    handler = (_request, response) => response.end();
    process.env['SLUICE_DOWNLOADS'] = 'off';
    try {
      expect(await reachable(`${base}/off`)).toBe(false);
    } finally {
      delete process.env['SLUICE_DOWNLOADS'];
    }
  });
});

describe('checksums', () => {
  test('finds the line of the file, in both spellings', () => {
    const sums = `${'a'.repeat(64)}  other.tar.gz\n${sha256}  file.tar.gz\n${'b'.repeat(64)} *binary.zip\n`;
    expect(checksumOf(sums, 'file.tar.gz')).toBe(sha256);
    expect(checksumOf(sums, 'binary.zip')).toBe('b'.repeat(64));
  });

  test('a list without the file, or with nonsense for a hash, is an error', () => {
    expect(() => checksumOf(`${sha256}  x`, 'file')).toThrow('The list of checksums does not name file.');
    expect(() => checksumOf('abc  file', 'file')).toThrow('does not name file');
  });

  test('a text that is not there is an error', async () => {
    handler = (_request, response) => response.writeHead(500).end();
    await expect(fetchText(`${base}/sums`)).rejects.toThrow(`${base}/sums answered 500`);
  });
});
