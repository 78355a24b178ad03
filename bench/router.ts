/** The router's `/health` against a bare node:http server that answers the same bytes, in turns. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { APP_FOLDER, bundleService, readServiceFile, writeContext } from '../scripts/images/bundle';
import { inTurns, median, print } from './measure';
import { root } from './paths';

const PORTS = { router: 4980, bare: 4981 } as const;
const BARE = `
import { createServer } from 'node:http';
const body = Buffer.from('{"status":"ok"}');
createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length });
  response.end(body);
}).listen(${PORTS.bare}, '127.0.0.1');
`;

export async function benchRouter(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-router-'));
  const servers: ChildProcess[] = [];
  try {
    const source = join(root, 'services/t3nets/router');
    await writeContext(await bundleService({ source, root, version: 'bench' }), join(folder, 'context'));
    const server = join(folder, 'context', APP_FOLDER, (await readServiceFile(source)).output);
    writeFileSync(join(folder, 'bare.mjs'), BARE);
    servers.push(spawn(process.execPath, [server], { env: { ...process.env, ...routerEnvironment }, stdio: 'ignore' }));
    servers.push(spawn(process.execPath, [join(folder, 'bare.mjs')], { stdio: 'ignore' }));
    await Promise.all(Object.values(PORTS).map(untilUp));
    await load(PORTS.router, 2);
    await load(PORTS.bare, 2);
    const [router, bare] = await inTurns(5, [() => load(PORTS.router, 4), () => load(PORTS.bare, 4)]);
    const rate = (results: typeof router) => median(results!.map((result) => result.requests.average));
    const p99 = (results: typeof router) => median(results!.map((result) => result.latency.p99));
    const errors = [...router!, ...bare!].reduce((sum, result) => sum + result.errors + result.non2xx, 0);
    const ratio = rate(router) / rate(bare);
    print('router: GET /health, 32 connections (medians of 5, in turns)', [
      { what: 'router', value: `${Math.round(rate(router))} /s` },
      { what: 'bare node:http, same bytes', value: `${Math.round(rate(bare))} /s` },
      { what: 'ratio', value: ratio.toFixed(2), aim: 'at least 0.85', met: ratio >= 0.85 },
      { what: 'p99 router / bare', value: `${p99(router)} / ${p99(bare)} ms` },
      { what: 'errors', value: String(errors), aim: '0', met: errors === 0 },
    ]);
  } finally {
    servers.forEach((server) => server.kill());
    rmSync(folder, { recursive: true, force: true });
  }
}

const routerEnvironment = {
  PORT: String(PORTS.router),
  LOG_LEVEL: 'info',
  T3NETS_ENV: 'aws',
  AWS_REGION: 'us-east-1',
  BEDROCK_MODEL_ID: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
  DYNAMODB_CONVERSATIONS_TABLE: 'conversations',
  DYNAMODB_TENANTS_TABLE: 'tenants',
  SECRETS_PREFIX: '/t3nets/dev/tenants',
};

function load(port: number, duration: number) {
  return autocannon({ url: `http://127.0.0.1:${port}/health`, connections: 32, duration });
}

async function untilUp(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (
      await fetch(`http://127.0.0.1:${port}/health`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return;
    await sleep(100);
  }
  throw new Error(`nothing answers on port ${port}`);
}
