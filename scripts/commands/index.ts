/** All commands, in the order in which help lists them. */
import type { Command } from 'commander';
import { registerBootstrap } from './bootstrap';
import { registerDeploy } from './deploy';
import { registerDestroy } from './destroy';
import { registerDoctor } from './doctor';
import { registerDown } from './down';
import { registerEnv } from './env';
import { registerImages } from './images';
import { registerLogs } from './logs';
import { registerOutputs } from './outputs';
import { registerPlan } from './plan';
import { registerRollback } from './rollback';
import { registerScale } from './scale';
import { registerSeed } from './seed';
import { registerSmoke } from './smoke';
import { registerStatus } from './status';
import { registerTest } from './test';
import { registerUp } from './up';

export const commands: readonly ((program: Command) => void)[] = [
  registerUp,
  registerTest,
  registerPlan,
  registerDeploy,
  registerDestroy,
  registerImages,
  registerRollback,
  registerSeed,
  registerSmoke,
  registerStatus,
  registerLogs,
  registerScale,
  registerOutputs,
  registerEnv,
  registerBootstrap,
  registerDoctor,
  registerDown,
];
