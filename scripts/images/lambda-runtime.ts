/**
 * Stand-in for AWS's Lambda base image on machines that cannot pull it: serves the address of the runtime interface
 * emulator and runs the handler, one invocation at a time. Part of the local base alone; images for AWS hold nothing of
 * it. Runs in two processes, so that a handler that hangs or exits can be ended and told of: the first serves and keeps
 * the time, the second loads the handler. Self-contained: it is put into the image as one file.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format } from 'node:util';

const PATH = '/2015-03-31/functions/function/invocations';
const INIT_MS = 10_000;
/** What Lambda takes of an event or an answer at most. */
const MOST_BYTES = 6_291_556;
/** The user that functions run as on AWS. */
const FUNCTION_USER = { uid: 993, gid: 990 };

interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

interface Invocation {
  readonly id: string;
  readonly event: string;
  readonly arn: string;
  readonly deadline: number;
}

type Said = { ready: true } | { result: string } | { error: FunctionError; ends?: boolean };

type Handler = (event: unknown, context: object, callback: (error: unknown, result?: unknown) => void) => unknown;

const setting = (name: string, otherwise: string): string => process.env[name] || otherwise;
const taskRoot = (): string => setting('LAMBDA_TASK_ROOT', '/var/task');

// ---------------------------------------------------------------------------------------------------------------------
// The process that serves

/** One process with the handler in it; ended and replaced after a timeout or an exit. */
class Runtime {
  readonly child: ChildProcess;
  readonly ready: Promise<FunctionError | undefined>;
  initMs: number | undefined;
  private waiting: ((said: Said) => void) | undefined;
  private ended: FunctionError | undefined;

  constructor(handler: string) {
    const started = performance.now();
    const user = process.getuid?.() === 0 ? FUNCTION_USER : {};
    this.child = fork(fileURLToPath(import.meta.url), [handler], {
      ...user,
      cwd: taskRoot(),
      env: { ...process.env, SLUICE_LAMBDA_CHILD: '1' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child.on('message', (said: Said) => this.tell(said));
    this.child.once('error', (error) => this.end({ errorType: 'Runtime.ExitError', errorMessage: error.message }));
    this.child.once('exit', (code, signal) => {
      const how = signal === null ? `exit status ${code}` : `signal: ${signal === 'SIGKILL' ? 'killed' : signal}`;
      this.end({ errorType: 'Runtime.ExitError', errorMessage: `Error: Runtime exited with error: ${how}` });
    });
    this.ready = this.answer(INIT_MS).then((said) => {
      this.initMs = performance.now() - started;
      if (said === undefined) return { errorType: 'Sandbox.Timedout', errorMessage: 'Init timed out after 10.00 s' };
      return 'error' in said ? said.error : undefined;
    });
  }

  get usable(): boolean {
    return this.ended === undefined;
  }

  /** What the handler's process said, or undefined when the time was up. */
  async run(invocation: Invocation): Promise<Said | undefined> {
    if (this.ended !== undefined) return { error: this.ended, ends: true };
    const answer = this.answer(invocation.deadline - Date.now());
    this.child.send(invocation);
    return answer;
  }

  /** Most memory that the process has used, in MB. */
  memory(): number {
    try {
      const kilobytes = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))?.[1];
      return Math.ceil(Number(kilobytes ?? 0) / 1024);
    } catch {
      return 0;
    }
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }

  private answer(patienceMs: number): Promise<Said | undefined> {
    return new Promise((done) => {
      if (this.ended !== undefined) return done({ error: this.ended, ends: true });
      const timer = setTimeout(() => {
        this.waiting = undefined;
        done(undefined);
      }, patienceMs);
      this.waiting = (said) => {
        clearTimeout(timer);
        this.waiting = undefined;
        done(said);
      };
    });
  }

  private tell(said: Said): void {
    if ('error' in said && said.ends === true) this.ended ??= said.error;
    this.waiting?.(said);
  }

  private end(error: FunctionError): void {
    this.ended ??= error;
    this.waiting?.({ error: this.ended, ends: true });
  }
}

class Emulator {
  private runtime: Runtime | undefined;
  private last: Promise<void> = Promise.resolve();
  private readonly timeoutMs = Number(setting('AWS_LAMBDA_FUNCTION_TIMEOUT', '3')) * 1000;
  private readonly memory = setting('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', '128');
  private readonly version = setting('AWS_LAMBDA_FUNCTION_VERSION', '$LATEST');

  constructor(private readonly handler: string) {
    this.runtime = new Runtime(handler);
  }

  listen(port: number): void {
    const server = createServer((request, response) => {
      // Lambda gives each copy of a function one invocation at a time.
      const turn = this.last.then(() => this.serve(request, response));
      this.last = turn.catch((error: unknown) => {
        process.stderr.write(`${format(error)}\n`);
        response.destroy();
      });
    });
    server.requestTimeout = 0;
    server.listen(port);
    process.once('SIGTERM', () => {
      this.runtime?.stop();
      process.exit(0);
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST' || request.url !== PATH) {
      response.writeHead(404, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify({ message: `Only POST ${PATH} is served.` }));
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const event = Buffer.concat(chunks).toString() || '{}';
    const id = header(request, 'x-amzn-requestid') || randomUUID();
    const arn = header(request, 'lambda-runtime-invoked-function-arn') || setting('_LAMBDA_FUNCTION_ARN', '');
    const answer = await this.invoke(id, event, arn);
    const failed = typeof answer === 'object';
    response.writeHead(200, {
      'content-type': 'application/json',
      server: 'sluice-lambda',
      ...(failed ? { 'lambda-runtime-function-error-type': answer.errorType } : {}),
    });
    response.end(failed ? JSON.stringify(answer) : answer);
  }

  private async invoke(id: string, event: string, arn: string): Promise<string | FunctionError> {
    const fresh = this.runtime?.usable !== true;
    const runtime = fresh ? (this.runtime = new Runtime(this.handler)) : (this.runtime as Runtime);
    const initError = await runtime.ready;
    say(`START RequestId: ${id} Version: ${this.version}`);
    const started = performance.now();
    const said =
      initError === undefined
        ? await runtime.run({ id, event, arn, deadline: Date.now() + this.timeoutMs })
        : ({ error: initError, ends: true } as const);
    const took = performance.now() - started;
    const memory = runtime.memory();
    const answer = this.outcome(id, said);
    if (said === undefined || ('error' in said && said.ends === true)) {
      runtime.stop();
      this.runtime = undefined;
    }
    if (typeof answer === 'object' && answer.errorType === 'Sandbox.Timedout')
      say(`${new Date().toISOString()} ${id} ${answer.errorMessage.replace(/^RequestId: \S+ (Error: )?/, '')}`);
    say(`END RequestId: ${id}`);
    const billed = said === undefined ? this.timeoutMs : took;
    const parts = [`REPORT RequestId: ${id}`, `Duration: ${billed.toFixed(2)} ms`];
    parts.push(`Billed Duration: ${Math.ceil(billed)} ms`, `Memory Size: ${this.memory} MB`);
    parts.push(`Max Memory Used: ${memory} MB`);
    if (runtime.initMs !== undefined) parts.push(`Init Duration: ${runtime.initMs.toFixed(2)} ms`);
    if (typeof answer === 'object' && said === undefined) parts.push('Status: timeout');
    else if (typeof answer === 'object') parts.push('Status: error', `Error Type: ${answer.errorType}`);
    say(parts.join('\t'));
    runtime.initMs = undefined;
    return answer;
  }

  private outcome(id: string, said: Said | undefined): string | FunctionError {
    if (said === undefined) {
      const seconds = (this.timeoutMs / 1000).toFixed(2);
      return {
        errorType: 'Sandbox.Timedout',
        errorMessage: `RequestId: ${id} Error: Task timed out after ${seconds} seconds`,
      };
    }
    if ('error' in said) {
      const { errorType, errorMessage } = said.error;
      // What the sandbox says of a runtime that ended names the request; what the handler threw does not.
      return /^(Runtime\.ExitError|Sandbox\.)/.test(errorType)
        ? { errorType, errorMessage: `RequestId: ${id} ${errorMessage}` }
        : said.error;
    }
    const text = 'result' in said ? said.result : 'null';
    if (Buffer.byteLength(text) <= MOST_BYTES) return text;
    const errorMessage = `Response payload size exceeded maximum allowed payload size (${MOST_BYTES} bytes).`;
    return { errorType: 'Function.ResponseSizeTooLarge', errorMessage };
  }
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// ---------------------------------------------------------------------------------------------------------------------
// The process with the handler

let requestId = '';

/** Lambda's Node.js runtime writes what goes to the console with time, request and level. */
function note(level: string, ...values: unknown[]): void {
  const text = format(...values).replaceAll('\n', '\r');
  say(`${new Date().toISOString()}\t${requestId || 'undefined'}\t${level}\t${text}`);
}

function nameRequests(): void {
  const levels = { log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', debug: 'DEBUG', trace: 'TRACE' };
  for (const [method, level] of Object.entries(levels))
    Object.assign(console, { [method]: (...values: unknown[]) => note(level, ...values) });
}

function errorOf(thrown: unknown): FunctionError {
  if (thrown instanceof Error)
    return { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? '').split('\n') };
  return { errorType: typeof thrown, errorMessage: typeof thrown === 'string' ? thrown : format(thrown), trace: [] };
}

/** The function that `folder/file.name` stands for. */
async function load(handler: string): Promise<Handler> {
  const name = basename(handler);
  const [, file = '', path = ''] = /^([^.]*)\.(.+)$/.exec(name) ?? [];
  if (file === '' || path === '') throw named('Runtime.MalformedHandlerName', `Bad handler: ${handler}`);
  const base = resolve(taskRoot(), dirname(handler), file);
  const found = ['', '.js', '.mjs', '.cjs'].map((end) => base + end).find((each) => isFile(each));
  if (found === undefined)
    throw named('Runtime.ImportModuleError', `Error: Cannot find module '${join(dirname(handler), file)}'`);
  let loaded: Record<string, unknown>;
  try {
    loaded = (await import(pathToFileURL(found).href)) as Record<string, unknown>;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw named('Runtime.UserCodeSyntaxError', `SyntaxError: ${thrown.message}`);
    const missing = /^(ERR_)?MODULE_NOT_FOUND$/.test(String((thrown as { code?: unknown }).code));
    throw missing ? named('Runtime.ImportModuleError', `Error: ${(thrown as Error).message}`) : thrown;
  }
  const of = (from: unknown): unknown =>
    path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], from);
  const value = of(loaded) ?? of(loaded['default']);
  if (value === undefined) throw named('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  if (typeof value !== 'function') throw named('Runtime.HandlerNotFound', `${handler} is not a function`);
  return value as Handler;
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

function contextOf({ id, arn, deadline }: Invocation): object {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: setting('AWS_LAMBDA_FUNCTION_NAME', ''),
    functionVersion: setting('AWS_LAMBDA_FUNCTION_VERSION', '$LATEST'),
    invokedFunctionArn: arn,
    memoryLimitInMB: setting('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', '128'),
    awsRequestId: id,
    logGroupName: setting('AWS_LAMBDA_LOG_GROUP_NAME', ''),
    logStreamName: setting('AWS_LAMBDA_LOG_STREAM_NAME', ''),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

async function invoke(handler: Handler, invocation: Invocation): Promise<Said> {
  try {
    const event = JSON.parse(invocation.event) as unknown;
    const context = contextOf(invocation);
    const result = await new Promise<unknown>((done, fail) => {
      const callback = (error: unknown, value?: unknown): void =>
        error === null || error === undefined ? done(value) : fail(error);
      const returned = handler(event, context, callback);
      const promised = typeof (returned as { then?: unknown } | undefined)?.then === 'function';
      if (promised) (returned as Promise<unknown>).then(done, fail);
      else if (handler.length < 3) done(returned);
    });
    return { result: serialised(result) };
  } catch (thrown) {
    const error = errorOf(thrown);
    note('ERROR', 'Invoke Error', JSON.stringify({ ...error, stack: error.trace }));
    return { error };
  }
}

function serialised(result: unknown): string {
  try {
    return JSON.stringify(result) ?? 'null';
  } catch (cause) {
    throw named('Runtime.MarshalError', `Unable to stringify response body: ${(cause as Error).message}`);
  }
}

async function runHandler(name: string): Promise<void> {
  const tell = (said: Said): void => void process.send?.(said);
  delete process.env['SLUICE_LAMBDA_CHILD'];
  process.env['_HANDLER'] = name;
  nameRequests();
  process.on('disconnect', () => process.exit(0));
  const last = (errorType: string | undefined, what: string) => (thrown: unknown) => {
    const error = { ...errorOf(thrown), ...(errorType === undefined ? {} : { errorType }) };
    note('ERROR', what, JSON.stringify({ ...error, stack: error.trace }));
    process.send?.({ error, ends: true } satisfies Said, undefined, undefined, () => process.exit(129));
  };
  process.on('uncaughtException', last(undefined, 'Uncaught Exception'));
  process.on('unhandledRejection', last('Runtime.UnhandledPromiseRejection', 'Unhandled Promise Rejection'));
  let handler: Handler;
  try {
    handler = await load(name);
  } catch (thrown) {
    return last(undefined, 'Uncaught Exception')(thrown);
  }
  process.on('message', (invocation: Invocation) => {
    requestId = invocation.id;
    void invoke(handler, invocation).then(tell);
  });
  tell({ ready: true });
}

const name = process.argv[2] || setting('_HANDLER', '');
if (process.env['SLUICE_LAMBDA_CHILD'] === '1') await runHandler(name);
else new Emulator(name).listen(Number(setting('SLUICE_LAMBDA_PORT', '8080')));
