/** Size of each image function's bundle, and how long Node takes to load it: the part of a cold start that is ours. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { systems } from '../environments/index';
import { APP_FOLDER, bundleService, readServiceFile, writeContext } from '../scripts/images/bundle';
import { inTurns, median, print } from './measure';
import { root } from './paths';

const AIM = { kilobytes: 600, milliseconds: 80 } as const;
const ROUNDS = 9;

/** What the stack would set; nothing is asked of AWS while a module loads. */
const environment = {
  AWS_REGION: 'us-west-2',
  AWS_LAMBDA_FUNCTION_NAME: 'bench',
  BEDROCK_MODEL_ID: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  SESSIONS_TABLE: 'sessions',
  IMAGES_BUCKET: 'images',
  IMAGE_FUNCTION_NAME: 'image',
  IMAGE_MODEL_ID: 'imagen-4.0-generate-001',
  GOOGLE_API_BASE_URL: 'https://generativelanguage.googleapis.com',
  GOOGLE_API_KEY_SECRET_ARN: 'arn:aws:secretsmanager:us-west-2:111111111111:secret:google-abc123',
  LOG_LEVEL: 'info',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

interface Bundled {
  readonly service: string;
  readonly file: string;
  readonly kilobytes: number;
}

export async function benchFunctions(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-functions-'));
  try {
    const bundled: Bundled[] = [];
    for (const [system, { services }] of Object.entries(systems)) {
      for (const [service, { context }] of Object.entries(services)) {
        const found = await bundle(join(root, context), join(folder, system, service));
        if (found !== undefined) bundled.push({ service: `${system}/${service}`, ...found });
      }
    }
    const empty = join(folder, 'empty.cjs');
    writeFileSync(empty, 'exports.handler = () => undefined;');
    const times = await inTurns(ROUNDS, [
      () => load(empty),
      ...bundled.map(({ file }) => {
        return () => load(file);
      }),
    ]);
    print(`functions: bundle and load time (medians of ${ROUNDS} fresh processes, in turns)`, [
      ...bundled.flatMap(({ service, kilobytes }, index) => {
        const milliseconds = median(times[index + 1]!);
        return [
          {
            what: `${service}: bundle, minified`,
            value: `${kilobytes.toFixed(0)} kB`,
            aim: `at most ${AIM.kilobytes} kB`,
            met: kilobytes <= AIM.kilobytes,
          },
          {
            what: `${service}: load`,
            value: `${milliseconds.toFixed(0)} ms`,
            aim: `at most ${AIM.milliseconds} ms`,
            met: milliseconds <= AIM.milliseconds,
          },
        ];
      }),
      { what: 'an empty module, for comparison', value: `${median(times[0]!).toFixed(1)} ms` },
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Undefined for a service that is no function: what Lambda loads is a module with a handler, made for its base image. */
async function bundle(source: string, folder: string): Promise<Omit<Bundled, 'service'> | undefined> {
  const made = await bundleService({ source, root, version: 'bench' });
  const dockerfile = made.files.find(({ path }) => path === 'Dockerfile')?.content.toString() ?? '';
  if (!dockerfile.includes('public.ecr.aws/lambda/')) return undefined;
  await writeContext(made, folder);
  const name = `${APP_FOLDER}/${(await readServiceFile(source)).output}`;
  const size = made.files.find(({ path }) => path === name)?.content.length ?? 0;
  return { file: join(folder, name), kilobytes: size / 1000 };
}

/** In the process itself, so that the start of Node is left out. */
async function load(file: string): Promise<number> {
  const program = `
    const { performance } = require('node:perf_hooks');
    const since = performance.now();
    const loaded = require(${JSON.stringify(file)});
    const took = performance.now() - since;
    if (typeof loaded.handler !== 'function') throw new Error('no handler in ${file}');
    process.stdout.write(String(took), () => process.exit(0));`;
  const { stdout } = await execa(process.execPath, ['-e', program], { env: environment });
  return Number(stdout);
}
