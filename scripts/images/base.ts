/**
 * Which base an image stands on: the one its Dockerfile names where that can be had, else one made of this machine's
 * own Node.js. The choice is remembered, so that a registry that comes and goes does not rebuild everything.
 */
import { join } from 'node:path';
import { EnvHttpProxyAgent, request } from 'undici';
import { UsageError, UserError } from '../console/errors';
import type { Reporter } from '../console/reporter';
import { readJson } from '../toolchain/cache';
import { engineSucceeds, runEngine, type BuildEngine } from './engine';
import { writeAtomically } from './folders';
import { isLambdaNodeBase, isOtherLambdaBase } from './lambda-base';
import { describeLocalBase, ensureLocalBase, type LocalBaseKind } from './local-base';

export interface Base {
  readonly origin: 'public' | 'local' | 'given';
  /** What the Dockerfile's `FROM` gets. */
  readonly reference: string;
  /** Enters the content hash of every image on it. */
  readonly identity: string;
}

export interface BaseRequest {
  readonly folder: string;
  readonly engine: BuildEngine;
  readonly dockerfile: { readonly path: string; readonly text: string };
  /** A base to use whatever the Dockerfile says. @default `SLUICE_BASE_IMAGE` */
  readonly base?: string;
  /** Images for AWS never stand on the local base. @default true */
  readonly allowLocal?: boolean;
}

const PROBE_MS = 5_000;
const PULL_SECONDS = 300;
const REMEMBER_MS = 24 * 60 * 60 * 1000;

interface Choices {
  [reference: string]: { readonly until: number; readonly why: string };
}

/** The base that the Dockerfile names as the default of its build argument. */
export function publicBaseOf({ path, text }: BaseRequest['dockerfile']): string {
  const reference = /^\s*ARG\s+BASE_IMAGE=["']?([^\s"']+)/im.exec(text)?.[1];
  if (reference !== undefined && /^\s*FROM\s+(--\S+\s+)*\$\{?BASE_IMAGE\}?/im.test(text)) return reference;
  throw new UsageError(
    `${path} does not take its base as a build argument.`,
    'Begin it with: ARG BASE_IMAGE=<registry>/<image>:<tag>, then FROM ${BASE_IMAGE}',
  );
}

/** Finds, pulls or makes the base; afterwards the engine can build on it without a network. */
export async function ensureBase(reporter: Reporter, request: BaseRequest): Promise<Base> {
  const { folder, engine } = request;
  const given = request.base ?? process.env['SLUICE_BASE_IMAGE'];
  if (given !== undefined && given !== '') {
    if (!(await inStore(engine, given))) await pull(reporter, engine, given);
    return { origin: 'given', reference: given, identity: await identityOf(engine, given) };
  }

  const reference = publicBaseOf(request.dockerfile);
  if (await inStore(engine, reference)) return found(engine, reference);
  const allowLocal = request.allowLocal ?? true;
  const remembered = (await readChoices(folder))[reference];
  if (allowLocal && remembered !== undefined && remembered.until > Date.now())
    return localBase(reporter, request, reference);

  const why = await tryToPull(reporter, engine, reference);
  if (why === undefined) return found(engine, reference);
  if (!allowLocal) {
    throw new UserError(`The base image ${reference} cannot be pulled: ${why}`, {
      remedy:
        'Images for AWS need it. Try again where its registry answers, or give SLUICE_BASE_IMAGE=<registry>/<image>@sha256:...',
    });
  }
  refuseOtherRuntimes(reference);
  reporter.info(
    `${reference} cannot be pulled (${why}); the images of this rehearsal stand on this machine's own Node.js.`,
  );
  const choices = { ...(await readChoices(folder)), [reference]: { until: Date.now() + REMEMBER_MS, why } };
  await writeAtomically(choicesFile(folder), JSON.stringify(choices));
  return localBase(reporter, request, reference);
}

/** The identity that `ensureBase` would find, without network and without making anything; undefined when nobody knows yet. */
export async function peekBaseIdentity(request: Omit<BaseRequest, 'allowLocal'>): Promise<string | undefined> {
  const given = request.base ?? process.env['SLUICE_BASE_IMAGE'];
  const reference = given !== undefined && given !== '' ? given : publicBaseOf(request.dockerfile);
  if (await inStore(request.engine, reference)) return identityOf(request.engine, reference);
  const remembered = reference === given ? undefined : (await readChoices(request.folder))[reference];
  if (remembered !== undefined && remembered.until > Date.now()) {
    return localIdentity((await describeLocalBase(request.folder, localKind(reference))).key);
  }
  return pinnedDigest(reference);
}

async function found(engine: BuildEngine, reference: string): Promise<Base> {
  return { origin: 'public', reference, identity: await identityOf(engine, reference) };
}

async function localBase(reporter: Reporter, { folder, engine }: BaseRequest, instead: string): Promise<Base> {
  const { reference, key } = await ensureLocalBase(reporter, folder, engine, localKind(instead));
  return { origin: 'local', reference, identity: localIdentity(key) };
}

function refuseOtherRuntimes(reference: string): void {
  if (!isOtherLambdaBase(reference)) return;
  throw new UserError(`${reference} cannot be pulled, and no base of this machine stands in for it.`, {
    remedy: 'Only Lambda images for Node.js have a stand-in. Give SLUICE_BASE_IMAGE=<registry>/<image>@sha256:...',
  });
}

function localKind(reference: string): LocalBaseKind {
  refuseOtherRuntimes(reference);
  return isLambdaNodeBase(reference) ? 'lambda' : 'node';
}

function localIdentity(key: string): string {
  return `local:${key}`;
}

function pinnedDigest(reference: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1];
}

async function identityOf(engine: BuildEngine, reference: string): Promise<string> {
  const pinned = pinnedDigest(reference);
  if (pinned !== undefined) return pinned;
  const id = await runEngine(engine, ['image', 'inspect', '--format', '{{.Id}}', reference], { timeoutSeconds: 60 });
  return `sha256:${id.trim().replace(/^sha256:/, '')}`;
}

function inStore(engine: BuildEngine, reference: string): Promise<boolean> {
  return engineSucceeds(engine, ['image', 'inspect', reference]);
}

/** Undefined when it worked, else why not, in a few words. */
async function tryToPull(reporter: Reporter, engine: BuildEngine, reference: string): Promise<string | undefined> {
  const host = registryHost(reference);
  const silent = await probe(host);
  if (silent !== undefined) return `${host} does not answer: ${silent}`;
  try {
    await pull(reporter, engine, reference);
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n').at(-1)?.slice(0, 200) ?? 'the pull failed';
  }
}

async function pull(reporter: Reporter, engine: BuildEngine, reference: string): Promise<void> {
  await reporter.step(`pull ${reference}`, (update) =>
    runEngine(engine, ['pull', '--platform', 'linux/amd64', reference], {
      timeoutSeconds: PULL_SECONDS,
      onLine: update,
    }),
  );
}

/** Any answer of the registry counts, also a refusal; undefined means that it answers. */
async function probe(host: string): Promise<string | undefined> {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: PROBE_MS } });
  try {
    const { body } = await request(`https://${host}/v2/`, { dispatcher, signal: AbortSignal.timeout(PROBE_MS) });
    await body.dump();
    return undefined;
  } catch (error) {
    const { code, name, message } = error as Error & { code?: string };
    return name === 'TimeoutError' ? `nothing within ${PROBE_MS / 1000} s` : (code ?? message);
  } finally {
    await dispatcher.destroy();
  }
}

export function registryHost(reference: string): string {
  const first = reference.split('/')[0] ?? '';
  const named = reference.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost');
  return !named || first === 'docker.io' ? 'registry-1.docker.io' : first;
}

async function readChoices(folder: string): Promise<Choices> {
  return (await readJson<Choices>(choicesFile(folder))) ?? {};
}

function choicesFile(folder: string): string {
  return join(folder, 'base', 'choices.json');
}
