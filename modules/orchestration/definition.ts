/**
 * The states of a state machine as typed data, and the Amazon States Language (with JSONPath) that they become. What goes
 * through the execution is one object: its input, to which a state adds its result under a name. Nothing replaces the
 * object, so what a state reads can be checked; definition-rules.ts does.
 */
import type { Cluster } from '../compute/cluster';
import type { TaskDefinition } from '../compute/task-definition';
import type { InvocableFunction } from '../functions/invocable';

/** A value that the execution knows, and the stack does not. Made by `fromInput`. */
export class InputPath {
  constructor(readonly path: string) {}

  /** The fields of the execution's object that it reads. */
  get fields(): string[] {
    return [...this.path.matchAll(/(?<!\$)\$\.([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, field]) => field ?? '');
  }
}

/** A path such as `$.buildId`, `$$.Execution.Name` of the execution itself, or an intrinsic: `States.JsonToString($.spec)`. */
export function fromInput(path: string): InputPath {
  return new InputPath(path);
}

type Literal = string | number | boolean | null;

/** What a function gets. Step Functions resolves paths in objects, not in lists. */
export interface Payload {
  readonly [field: string]: Literal | readonly Literal[] | InputPath | Payload;
}

/** What follows a state: another, or the end of an execution that succeeded. */
type Transition =
  { readonly next: string; readonly end?: undefined } | { readonly next?: undefined; readonly end: true };

export interface Retry {
  /** Names of errors. */
  readonly errors: readonly string[];
  /** Repetitions after the first attempt. */
  readonly maxAttempts: number;
  /** Before the first repetition. @default 1 */
  readonly intervalSeconds?: number;
  /** By which each wait is longer than the one before. Waits are drawn from zero to that (full jitter). @default 2 */
  readonly backoffRate?: number;
}

export interface Catch {
  /** Names of errors. @default ['States.ALL'] */
  readonly errors?: readonly string[];
  readonly next: string;
  /** Field that gets `{ Error, Cause }`. @default - the error is dropped */
  readonly result?: string;
}

interface TaskFields {
  /** After which the state fails with States.Timeout, which Catch sees; it does not see the execution's own. */
  readonly timeoutSeconds: number;
  /** @default - transient errors of the service that is called, see `transientErrors` */
  readonly retry?: readonly Retry[];
  /** Required wherever an execution gets without an error; the last one for every error. @default - none */
  readonly catch?: readonly Catch[];
  /** Field that gets the state's result. @default - the result is dropped */
  readonly result?: string;
}

/** Runs a Fargate task and waits for its end (`.sync`): a container that exits other than 0 fails the state. */
export type RunTaskState = TaskFields &
  Transition & {
    readonly type: 'runTask';
    readonly cluster: Cluster;
    /** The newest active revision of its family, so that executions under way survive a deployment. */
    readonly taskDefinition: TaskDefinition;
    readonly subnets: readonly { readonly id: string }[];
    readonly securityGroups: readonly { readonly id: string }[];
    /** @default false */
    readonly assignPublicIp?: boolean;
    /** Beside what the task definition has. ECS takes 8192 characters of all this as JSON. @default - none */
    readonly environment?: Readonly<Record<string, string | InputPath>>;
  };

/** Calls a function and waits for its answer, which is the state's result as it is. */
export type InvokeState = TaskFields &
  Transition & {
    readonly type: 'invoke';
    readonly function: InvocableFunction;
    readonly payload: Payload;
  };

export type TaskState = RunTaskState | InvokeState;

export type Choice = { readonly variable: InputPath; readonly next: string } & (
  { readonly equals: string | number | boolean } | { readonly isPresent: boolean }
);

/** The first choice that holds, else the default. */
export interface ChoiceState {
  readonly type: 'choice';
  readonly choices: readonly Choice[];
  readonly default: string;
}

export interface SucceedState {
  readonly type: 'succeed';
}

/** Ends the execution as FAILED. */
export interface FailState {
  readonly type: 'fail';
  readonly error: string | InputPath;
  readonly cause: string | InputPath;
}

export type State = TaskState | ChoiceState | SucceedState | FailState;

export interface Definition {
  /** Fields that every execution's input has. */
  readonly input: readonly string[];
  readonly startAt: string;
  readonly states: Readonly<Record<string, State>>;
  /** Of a whole execution. It ends as TIMED_OUT without a Catch, so the states' own must come first. */
  readonly timeoutSeconds: number;
  readonly comment?: string;
}

/**
 * Errors that pass by themselves. ECS throttling has no exception of its own in every release of the integration, and then
 * carries the general name. A failed container is States.TaskFailed and is not among them.
 */
export const transientErrors: Readonly<Record<TaskState['type'], readonly Retry[]>> = {
  invoke: [
    {
      errors: [
        'Lambda.ServiceException',
        'Lambda.AWSLambdaException',
        'Lambda.SdkClientException',
        'Lambda.TooManyRequestsException',
      ],
      maxAttempts: 3,
    },
  ],
  runTask: [{ errors: ['ECS.ThrottlingException', 'ECS.AmazonECSException'], maxAttempts: 2, intervalSeconds: 2 }],
};

export function isTask(state: State): state is TaskState {
  return state.type === 'runTask' || state.type === 'invoke';
}

/** JSON text; it holds tokens. */
export function renderDefinition({ comment, startAt, timeoutSeconds, states }: Definition): string {
  return JSON.stringify({
    ...(comment === undefined ? {} : { Comment: comment }),
    StartAt: startAt,
    TimeoutSeconds: timeoutSeconds,
    States: Object.fromEntries(Object.entries(states).map(([name, state]) => [name, renderState(state)])),
  });
}

type Json = Readonly<Record<string, unknown>>;

function renderState(state: State): Json {
  switch (state.type) {
    case 'succeed':
      return { Type: 'Succeed' };
    case 'fail':
      return { Type: 'Fail', ...renderReason('Error', state.error), ...renderReason('Cause', state.cause) };
    case 'choice':
      return { Type: 'Choice', Choices: state.choices.map(renderChoice), Default: state.default };
    case 'invoke':
      // The function's own ARN, not lambda:invoke: that one wraps the answer in an object of its own.
      return renderTask(state, state.function.resource.arn, renderPayload(state.payload));
    case 'runTask':
      return renderTask(state, 'arn:aws:states:::ecs:runTask.sync', renderRunTask(state));
  }
}

function renderTask(state: TaskState, resource: string, parameters: Json): Json {
  const retries = state.retry ?? transientErrors[state.type];
  return {
    Type: 'Task',
    Resource: resource,
    Parameters: parameters,
    ResultPath: renderResult(state.result),
    TimeoutSeconds: state.timeoutSeconds,
    ...(retries.length === 0 ? {} : { Retry: retries.map(renderRetry) }),
    ...(state.catch === undefined ? {} : { Catch: state.catch.map(renderCatch) }),
    ...(state.end === true ? { End: true } : { Next: state.next }),
  };
}

function renderRunTask(state: RunTaskState): Json {
  const environment = Object.entries(state.environment ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    LaunchType: 'FARGATE',
    Cluster: state.cluster.resource.arn,
    TaskDefinition: state.taskDefinition.resource.family,
    NetworkConfiguration: {
      AwsvpcConfiguration: {
        Subnets: state.subnets.map(({ id }) => id),
        SecurityGroups: state.securityGroups.map(({ id }) => id),
        AssignPublicIp: state.assignPublicIp === true ? 'ENABLED' : 'DISABLED',
      },
    },
    ...(environment.length === 0
      ? {}
      : {
          Overrides: {
            ContainerOverrides: [
              {
                Name: state.taskDefinition.containerName,
                Environment: environment.map(([name, value]) => ({
                  Name: name,
                  ...(value instanceof InputPath ? { 'Value.$': value.path } : { Value: value }),
                })),
              },
            ],
          },
        }),
  };
}

function renderPayload(payload: Payload): Json {
  return Object.fromEntries(
    Object.entries(payload).map(([field, value]) => {
      if (value instanceof InputPath) return [`${field}.$`, value.path];
      return [field, isPayload(value) ? renderPayload(value) : value];
    }),
  );
}

export function isPayload(value: Payload[string] | undefined): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof InputPath);
}

function renderRetry({ errors, maxAttempts, intervalSeconds = 1, backoffRate = 2 }: Retry): Json {
  return {
    ErrorEquals: [...errors],
    IntervalSeconds: intervalSeconds,
    MaxAttempts: maxAttempts,
    BackoffRate: backoffRate,
    JitterStrategy: 'FULL',
  };
}

function renderCatch({ errors = ['States.ALL'], next, result }: Catch): Json {
  return { ErrorEquals: [...errors], ResultPath: renderResult(result), Next: next };
}

/** Null drops a result and keeps the object; left out, the result would replace it. */
function renderResult(field: string | undefined): string | null {
  return field === undefined ? null : `$.${field}`;
}

function renderChoice(choice: Choice): Json {
  const test = 'isPresent' in choice ? { IsPresent: choice.isPresent } : comparison(choice.equals);
  return { Variable: choice.variable.path, ...test, Next: choice.next };
}

function comparison(value: string | number | boolean): Json {
  if (typeof value === 'string') return { StringEquals: value };
  return typeof value === 'number' ? { NumericEquals: value } : { BooleanEquals: value };
}

function renderReason(name: 'Error' | 'Cause', value: string | InputPath): Json {
  return value instanceof InputPath ? { [`${name}Path`]: value.path } : { [name]: value };
}
