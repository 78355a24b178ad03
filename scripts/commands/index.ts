/** All commands, in the order in which help lists them. A command's code is loaded when it is asked for, or for help. */
import type { Command } from 'commander';

type Register = (program: Command) => void;

const loaders: Readonly<Record<string, () => Promise<Register>>> = {
  up: async () => (await import('./up')).registerUp,
  test: async () => (await import('./test')).registerTest,
  plan: async () => (await import('./plan')).registerPlan,
  deploy: async () => (await import('./deploy')).registerDeploy,
  destroy: async () => (await import('./destroy')).registerDestroy,
  images: async () => (await import('./images')).registerImages,
  rollback: async () => (await import('./rollback')).registerRollback,
  seed: async () => (await import('./seed')).registerSeed,
  publish: async () => (await import('./publish')).registerPublish,
  smoke: async () => (await import('./smoke')).registerSmoke,
  status: async () => (await import('./status')).registerStatus,
  logs: async () => (await import('./logs')).registerLogs,
  invoke: async () => (await import('./invoke')).registerInvoke,
  scale: async () => (await import('./scale')).registerScale,
  outputs: async () => (await import('./outputs')).registerOutputs,
  'sign-in': async () => (await import('./sign-in')).registerSignIn,
  env: async () => (await import('./env')).registerEnv,
  bootstrap: async () => (await import('./bootstrap')).registerBootstrap,
  doctor: async () => (await import('./doctor')).registerDoctor,
  down: async () => (await import('./down')).registerDown,
};

/** Registers the command that is asked for; all of them when it is none, or none that there is. */
export async function registerCommands(program: Command, asked: string | undefined): Promise<void> {
  const one = asked !== undefined && Object.hasOwn(loaders, asked) ? loaders[asked] : undefined;
  for (const load of one === undefined ? Object.values(loaders) : [one]) (await load())(program);
}
