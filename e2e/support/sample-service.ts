/** A tiny web service as an image in the emulated registry, in versions that work and versions that do not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reporter } from '../../scripts/console/reporter';
import { runEngine } from '../../scripts/images/engine';
import { imagesFolder } from '../../scripts/images/folders';
import { ensureLocalBase } from '../../scripts/images/local-base';
import type { CloudEnvironment } from '../../scripts/local/client';

const server = `
import { createServer } from 'node:http';
const { VERSION: version, BROKEN: broken } = process.env;
if (broken === 'exit') process.exit(3);
const server = createServer(async (request, response) => {
  response.setHeader('x-version', version);
  if (request.url === '/health') { response.statusCode = broken === 'health' ? 500 : 200; return response.end(); }
  if (request.url === '/slow') { response.write('first '); return setTimeout(() => response.end('second'), 1500); }
  if (request.url === '/tables') {
    const answer = await fetch(process.env.AWS_ENDPOINT_URL, { method: 'POST', body: '{}', headers: {
      'x-amz-target': 'DynamoDB_20120810.ListTables', 'content-type': 'application/x-amz-json-1.0',
      'x-amz-security-token': process.env.AWS_SESSION_TOKEN } });
    return response.end(await answer.text());
  }
  let size = 0;
  for await (const chunk of request) size += chunk.length;
  response.end(JSON.stringify({ method: request.method, url: request.url, size, headers: request.headers }));
});
server.listen(8080, () => console.log('listening ' + version));
process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });
`;

export type Version = 'v1' | 'v2' | 'exit' | 'health';

/** Builds and pushes the versions; gives their digests. */
export async function pushSample(
  reporter: Reporter,
  cloud: CloudEnvironment,
  repository: string,
): Promise<Record<Version, string>> {
  const { containers, registry } = cloud;
  const base = await ensureLocalBase(reporter, imagesFolder(), containers);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-sample-'));
  try {
    const digests: Record<string, string> = {};
    for (const version of ['v1', 'v2', 'exit', 'health'] as const) {
      const broken = version.startsWith('v') ? '' : version;
      writeFileSync(join(folder, 'server.mjs'), server);
      writeFileSync(
        join(folder, 'Dockerfile'),
        `FROM ${base.reference}\nCOPY server.mjs /srv/server.mjs\nENV VERSION=${version} BROKEN=${broken}\nCMD ["node", "/srv/server.mjs"]\n`,
      );
      const podman = containers.kind === 'podman';
      const format = podman ? ['--format', 'docker'] : [];
      await runEngine(containers, ['build', ...format, '-t', `${registry}/${repository}:${version}`, folder]);
      const unsafe = podman ? ['--tls-verify=false'] : [];
      await runEngine(containers, ['push', ...unsafe, `${registry}/${repository}:${version}`]);
      const accept = 'application/vnd.docker.distribution.manifest.v2+json';
      const answer = await fetch(`http://${registry}/v2/${repository}/manifests/${version}`, { headers: { accept } });
      digests[version] = answer.headers.get('docker-content-digest') ?? '';
    }
    return digests as Record<Version, string>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
