import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { findEngine, fromRelease, releaseFile } from './engine';
import { openTofu } from './versions';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-engine-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A stand-in that prints what `version` prints. */
function fakeEngine(name: string, product: string, version: string): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `#!/bin/sh\nif [ "$2" = -json ]; then echo '{"terraform_version": "${version}"}'; else echo '${product} v${version}'; fi\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

describe('an engine named by TERRAFORM_BINARY_NAME', () => {
  test('is taken when it is new enough, and known for what it is', async () => {
    const path = fakeEngine('terraform', 'Terraform', '1.11.0');
    expect(await findEngine({ TERRAFORM_BINARY_NAME: path })).toEqual({
      name: 'terraform',
      kind: 'terraform',
      version: '1.11.0',
      path,
      origin: 'machine',
    });
    const tofu = await findEngine({ TERRAFORM_BINARY_NAME: fakeEngine('tofu', 'OpenTofu', '1.12.1') });
    expect(tofu?.kind).toBe('opentofu');
  });

  test('is refused when it is too old', async () => {
    await expect(findEngine({ TERRAFORM_BINARY_NAME: fakeEngine('terraform', 'Terraform', '1.10.9') })).rejects.toThrow(
      'TERRAFORM_BINARY_NAME names terraform 1.10.9; 1.11.0 or newer is needed.',
    );
    await expect(findEngine({ TERRAFORM_BINARY_NAME: fakeEngine('tofu', 'OpenTofu', '1.12.0') })).rejects.toThrow(
      'TERRAFORM_BINARY_NAME names opentofu 1.12.0; 1.12.1 or newer is needed.',
    );
  });

  test('is refused when it does not run', async () => {
    await expect(findEngine({ TERRAFORM_BINARY_NAME: join(folder, 'none') })).rejects.toThrow('but that does not run');
  });
});

describe('the release', () => {
  let server: Server;
  let base: string;
  let archive: Buffer;
  let sum: string;

  beforeEach(async () => {
    const content = join(folder, 'content');
    mkdirSync(content);
    writeFileSync(join(content, 'tofu'), 'the engine');
    writeFileSync(join(content, 'LICENSE'), 'text');
    await execa('tar', ['-czf', join(folder, 'archive'), '-C', content, 'tofu', 'LICENSE']);
    archive = readFileSync(join(folder, 'archive'));
    sum = createHash('sha256').update(archive).digest('hex');
    server = createServer((request, response) => {
      const prefix = `/v${openTofu.version}/`;
      if (request.url === `${prefix}tofu_${openTofu.version}_SHA256SUMS`) response.end(`${sum}  ${releaseFile()}\n`);
      else if (request.url === `${prefix}${releaseFile()}`) response.end(archive);
      else response.writeHead(404).end();
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  test('is unpacked after its checksum was verified', async () => {
    const target = join(folder, 'target');
    mkdirSync(target);
    expect(await fromRelease(target, () => undefined, base)).toBe('download');
    expect(readFileSync(join(target, 'tofu'), 'utf8')).toBe('the engine');
  });

  test('is not unpacked when the checksum does not fit', async () => {
    const target = join(folder, 'target');
    mkdirSync(target);
    sum = 'f'.repeat(64);
    await expect(fromRelease(target, () => undefined, base)).rejects.toThrow(`but ${sum} was expected`);
    expect(() => readFileSync(join(target, 'tofu'))).toThrow();
  });
});
