/** From code to a running environment: synth, gate, plan, consent, apply, and the proof that the new version serves. */
import { requireConsent } from '../console/ask';
import { UserError } from '../console/errors';
import { localAddresses } from '../local/client';
import { openEngine, openStack, type Connection } from '../session/connect';
import type { Session } from '../session/session';
import type { StackFacts } from '../../environments/stack-facts';
import { providerTypes, synthesise } from '../session/synth';
import { describePlan } from '../terraform/plan';
import { recover } from '../terraform/recover';
import type { Plan, Stack } from '../terraform/stack';
import { ensureStateBackend } from './backend';
import { findCreated } from './find-created';
import { refuseToClose, refuseToLoseData } from './guards';
import { publish } from './publish';
import { restartServices, waitForServices } from './rollout';

export interface PreparedStack {
  readonly stack: Stack;
  readonly facts: StackFacts;
}

export interface DeployOptions {
  /** Overrides the computed gate. */
  readonly imagesReady?: boolean;
  /** Stateful resources that may be replaced or destroyed, by address. */
  readonly allow?: readonly string[];
  /** Starts the tasks of ECS services anew, also when nothing of them changed. @default false */
  readonly restart?: boolean;
}

/** Synthesises the stack, readies engine, back end and folder; writes nothing to the environment but its state bucket. */
export async function prepare(
  session: Session,
  connection: Connection,
  options: DeployOptions,
): Promise<PreparedStack> {
  const { reporter, stackName, target } = session;
  const facts = await reporter.step(`synthesise ${stackName}`, () =>
    synthesise({ stack: stackName, target, imagesReady: options.imagesReady }),
  );
  const engine = await openEngine(session, await providerTypes());
  await ensureStateBackend(session, connection, engine);
  const stack = openStack(session, connection, engine);
  await stack.settle();
  await reporter.step(`init ${stackName}`, () => stack.init());
  return { stack, facts };
}

/** The plan, after every refusal that needs no plan. */
export async function planStack(
  session: Session,
  connection: Connection,
  prepared: PreparedStack,
  options: DeployOptions,
): Promise<Plan> {
  const { stack, facts } = prepared;
  await refuseToClose(stack, facts);
  session.reporter.info(describePhase(facts));
  await recoverStack(session, connection, stack);
  const plan = await session.reporter.step(`plan ${stack.name}`, (update) => stack.plan(update));
  refuseToLoseData(session, facts, plan, options.allow ?? []);
  return plan;
}

/** What an interrupted apply made comes back into the state before anything new is planned. */
export function recoverStack(session: Session, connection: Connection, stack: Stack): Promise<void> {
  const { account } = session;
  return recover(stack, session.reporter, (address, config, known) =>
    findCreated(address, config, known, { clients: connection.clients, account }),
  );
}

export interface Deployment {
  readonly changes: number;
  readonly phase: 1 | 2;
  readonly outputs: Record<string, unknown>;
  /** What was put and removed beside the stack. */
  readonly published: readonly string[];
}

export async function deploy(session: Session, connection: Connection, options: DeployOptions): Promise<Deployment> {
  const prepared = await prepare(session, connection, options);
  const plan = await planStack(session, connection, prepared, options);
  describePlan(plan).forEach((line) => session.reporter.info(`  ${line}`));
  const restart = options.restart === true && prepared.facts.phase === 2;
  if (session.target === 'aws' && (plan.changes > 0 || restart)) {
    await requireConsent({
      question: `This changes ${session.system.name} ${session.environment} in AWS account ${session.account}.`,
      word: session.environment,
      yes: session.yes,
    });
  }
  if (plan.changes > 0) {
    await session.reporter.step(`apply ${prepared.stack.name}, phase ${prepared.facts.phase}`, (update) =>
      prepared.stack.apply(plan, update),
    );
  }
  const outputs = await reachableOutputs(connection, prepared.stack);
  const { phase } = prepared.facts;
  if (phase === 1) return { changes: plan.changes, phase, outputs, published: [] };
  if (restart && !startsTasks(plan)) await restartServices(session, connection, outputs);
  await waitForServices(session, connection, outputs);
  const published = await publish(session, connection, { outputs, consented: plan.changes > 0 || restart });
  return { changes: plan.changes, phase, outputs, published };
}

/** The apply itself makes a new deployment. */
function startsTasks({ create, update, replace }: Plan): boolean {
  return [...create, ...update, ...replace].some((address) => address.startsWith('aws_ecs_service.'));
}

export function describePhase({ phase, waiting }: StackFacts): string {
  if (phase === 2) return 'phase 2 of 2: all images are ready';
  const services = waiting.services.length === 1 ? 'image' : 'images';
  return `phase 1 of 2: ${waiting.resources.length} resources wait for ${services} ${waiting.services.join(', ')}`;
}

/** The stack says the same in a rehearsal as on AWS; addresses that exist on AWS alone become those that answer here. */
async function reachableOutputs({ cloud }: Connection, stack: Stack): Promise<Record<string, unknown>> {
  const outputs = await stack.outputs();
  if (cloud === undefined) return outputs;
  const localise = await localAddresses(cloud);
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name, typeof value === 'string' ? localise(value) : value]),
  );
}

/** The applied stack's outputs without planning or changing anything. */
export async function readOutputs(session: Session, connection: Connection): Promise<Record<string, unknown>> {
  const stack = await openApplied(session, connection);
  const outputs = await reachableOutputs(connection, stack);
  if (Object.keys(outputs).length === 0) {
    throw new UserError(`${session.stackName} has not been deployed to ${session.target}.`, {
      remedy: `./sluice up ${session.system.name} ${session.environment}`,
    });
  }
  return outputs;
}

/** The stack's folder, initialised, with whatever was synthesised last (or now, when nothing was). */
export async function openApplied(session: Session, connection: Connection): Promise<Stack> {
  await synthesise({ stack: session.stackName, target: session.target });
  const engine = await openEngine(session, await providerTypes());
  await ensureStateBackend(session, connection, engine);
  const stack = openStack(session, connection, engine);
  await stack.init();
  return stack;
}
