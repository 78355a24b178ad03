import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { platform } from './cache';
import { covering, listBuilds, mirrorConfig, registryAnswers, type ProviderBuild } from './provider';
import { awsProvider } from './versions';

const here = dirname(fileURLToPath(import.meta.url));

const build = (key: string, types: string[], builtAt: string, bytes = 3): ProviderBuild => ({
  key,
  version: awsProvider.version,
  services: [],
  types,
  builtAt,
  bytes,
});

test('a build serves when it has every type', () => {
  const large = build('large', ['aws_vpc', 'aws_lb'], '2');
  const small = build('small', ['aws_vpc'], '1');
  expect(covering([large, small], ['aws_vpc', 'aws_lb'])).toBe(large);
  expect(covering([large, small], ['aws_vpc'])).toBe(large);
  expect(covering([large, small], ['aws_sqs_queue'])).toBeUndefined();
  expect(covering([], [])).toBeUndefined();
});

test('builds are listed newest first; damaged ones are not', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'sluice-builds-'));
  const before = process.env['SLUICE_CACHE'];
  process.env['SLUICE_CACHE'] = cache;
  try {
    const write = (entry: ProviderBuild, content: string) => {
      const folder = join(cache, 'provider', `${awsProvider.version}-${platform().id}`, entry.key);
      const mirror = join(folder, 'mirror/registry.opentofu.org/hashicorp/aws', awsProvider.version, platform().id);
      mkdirSync(mirror, { recursive: true });
      writeFileSync(join(mirror, `terraform-provider-aws_v${awsProvider.version}`), content);
      writeFileSync(join(folder, 'manifest.json'), JSON.stringify(entry));
    };
    expect(await listBuilds()).toEqual([]);
    write(build('old', [], '2026-01-01T00:00:00Z'), 'abc');
    write(build('new', [], '2026-02-01T00:00:00Z'), 'abc');
    write(build('truncated', [], '2026-03-01T00:00:00Z'), 'ab');
    expect((await listBuilds()).map(({ key }) => key)).toEqual(['new', 'old']);
  } finally {
    if (before === undefined) delete process.env['SLUICE_CACHE'];
    else process.env['SLUICE_CACHE'] = before;
    rmSync(cache, { recursive: true });
  }
});

test('the mirror is for the AWS provider alone, under both registries', () => {
  const text = mirrorConfig('/mirror');
  const aws = '["registry.opentofu.org/hashicorp/aws","registry.terraform.io/hashicorp/aws"]';
  expect(text).toContain(`path    = "/mirror"\n    include = ${aws}`);
  expect(text).toContain(`direct {\n    exclude = ${aws}`);
});

test('the registry counts only when its download does', async () => {
  delete process.env['SLUICE_DOWNLOADS'];
  let fileStatus = 200;
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    if (request.url?.startsWith('/v1/'))
      response.end(JSON.stringify({ download_url: `http://127.0.0.1:${port}/file-${fileStatus}` }));
    else if (request.url?.startsWith('/file')) response.writeHead(fileStatus).end();
    else response.end('{}');
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    expect(await registryAnswers('opentofu', base)).toBe(true);
    fileStatus = 503;
    expect(await registryAnswers('opentofu', base)).toBe(false);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  expect(await registryAnswers('opentofu', 'http://127.0.0.1:9')).toBe(false);
});

test('the source is pinned by hash', () => {
  const sums = readFileSync(join(here, 'provider/go.sum'), 'utf8');
  expect(sums).toContain('h1:dJlp2eNgY/iVKTPINdguYlHbHc9CtXBZKmQmqYq0REs=');
  expect(sums).toContain('h1:WOPLTXSK2ZhAuuLIh2EVZ9zWib65hkmw1XLc227hsuQ=');
});
