/** The program as it is run: by npm, by the commands, by the CDKTF CLI. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { systemNames } from '../environments/index';
import { environmentNames } from '../environments/schema';

const root = process.cwd();
const everyStack = systemNames.flatMap((system) => environmentNames.map((name) => `${system}-${name}`)).sort();

async function synth(folder: string, env: Record<string, string> = {}, args: string[] = []) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [join(root, 'scripts/synth.mjs'), ...args], {
    cwd: root,
    env: {
      CDKTF_OUTDIR: join(folder, 'out'),
      SLUICE_HOME: join(folder, 'home'),
      SLUICE_STACKS: '',
      SLUICE_TARGET: '',
      IMAGES_READY: '',
      CDKTF_CONTEXT_JSON: '{}',
      ...env,
    },
    reject: false,
  });
  return {
    exitCode,
    stdout,
    stderr,
    facts: (stack: string) => JSON.parse(readFileSync(join(folder, 'out/stacks', stack, 'sluice.json'), 'utf8')),
  };
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('scripts/synth.mjs', () => {
  it('writes every system in every environment, and says nothing', () =>
    inFolder(async (folder) => {
      const { exitCode, stdout, stderr, facts } = await synth(folder);
      expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
      expect(readdirSync(join(folder, 'out/stacks')).sort()).toEqual(everyStack);
      expect(facts('t3nets-dev')).toMatchObject({
        account: '111111111111',
        region: 'us-east-1',
        target: 'local',
        phase: 1,
        images: {},
      });
      expect(Object.keys(JSON.parse(readFileSync(join(folder, 'out/manifest.json'), 'utf8')).stacks).sort()).toEqual(
        everyStack,
      );
    }));

  it('writes only what SLUICE_STACKS names, the bootstrap too', () =>
    inFolder(async (folder) => {
      await synth(folder, { SLUICE_STACKS: 'bootstrap-dev', SLUICE_BOOTSTRAP_BACKEND: 'local' });
      expect(readdirSync(join(folder, 'out/stacks'))).toEqual(['bootstrap-dev']);
      expect(readFileSync(join(folder, 'out/stacks/bootstrap-dev/cdk.tf.json'), 'utf8')).toContain('bootstrap.tfstate');
    }));

  it.each([
    [{ SLUICE_STACKS: 'x' }, [], 'SLUICE_STACKS: 1 problem'],
    [{ SLUICE_TARGET: 'moon' }, [], 'target: 1 problem\n- "moon" is unknown; there is: local, aws'],
    [{ SLUICE_TARGET: 'aws' }, [], 'environments/accounts.ts: 1 problem\n- aws.dev is unset; allowed: 12 digits'],
    [
      { IMAGES_READY: 'yes' },
      [],
      'IMAGES_READY: 1 problem\n- is "yes"; allowed: true, false, or unset to let the lock decide',
    ],
    [{ IMAGES_READY: 'true' }, [], 'names no digest for service "router"'],
    [{}, ['-c', 'imagesReady=true'], 'names no digest for service "router"'],
    [{ CDKTF_CONTEXT_JSON: '{"imagesReady":true}' }, [], 'names no digest for service "router"'],
    [{}, ['-c', 'ready'], 'context: 1 problem\n- "ready" is unknown; there is: imagesReady=true, imagesReady=false'],
    [{ SLUICE_BOOTSTRAP_BACKEND: 'x' }, [], 'SLUICE_BOOTSTRAP_BACKEND: 1 problem\n- is "x"; allowed: local, s3'],
  ])('refuses %j %j with exit code 64, no stack trace and nothing written', (env, args, message) =>
    inFolder(async (folder) => {
      const result = await synth(folder, env as Record<string, string>, args as string[]);
      expect(result.stderr).toContain(message);
      expect(result.stderr).not.toMatch(/\n {4}at /);
      expect(result.exitCode).toBe(64);
      expect(existsSync(join(folder, 'out/manifest.json'))).toBe(false);
    }),
  );

  it('lists the types of all stacks in both phases', () =>
    inFolder(async (folder) => {
      const { stdout } = await synth(folder, {}, ['--types']);
      const types = JSON.parse(stdout) as string[];
      expect(types).toEqual([...types].sort());
      expect(types).toEqual(
        expect.arrayContaining([
          'aws_ecs_service',
          'aws_flow_log',
          'aws_s3_bucket',
          'aws_ssm_parameters_by_path',
          'aws_vpc',
        ]),
      );
      expect(existsSync(join(folder, 'out'))).toBe(false);
    }));
});
