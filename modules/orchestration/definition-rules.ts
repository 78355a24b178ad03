/**
 * What a definition must keep before anything is made of it: AWS tells a part of this at deployment, one problem at a time,
 * and the rest when an execution gets there.
 */
import { inRange, matches, unless, type Rule } from '../checks/checks';
import { InputPath, isPayload, isTask, type Definition, type Payload, type State, type TaskState } from './definition';

const ALL = 'States.ALL';
const FIELD = /^[A-Za-z_][A-Za-z0-9_]*$/;
const REFERENCE = /^\$(\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\])+$/;
const PATH = /^(\$|\$\$?(\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\])+|States\.[A-Za-z0-9]+\(.*\))$/;
const PATHS = 'a path such as $.id, $$.Execution.Name or States.JsonToString($.spec)';
/** Names by which a container that failed, or took too long, is caught. */
const CONTAINER_ERRORS = [ALL, 'States.TaskFailed', 'States.Timeout'];

/** A way out of a state, and what the execution's object has more on it. */
interface Edge {
  readonly target: string;
  readonly kind: 'next' | 'catch' | 'choice' | 'default';
  readonly adds?: string | undefined;
}

export function definitionRules(definition: Definition): Rule[] {
  const states = Object.entries(definition.states);
  return [
    inRange('timeoutSeconds', definition.timeoutSeconds, 1, 31_536_000, 'seconds'),
    ...definition.input.map((field) => matches('input', field, FIELD, 'names of letters, digits and _')),
    unless(
      definition.states[definition.startAt] === undefined,
      `startAt is "${definition.startAt}"; allowed: ${states.map(([name]) => name).join(', ') || 'none, states is empty'}`,
    ),
    ...states.flatMap(([name, state]) => [...stateRules(name, state), ...targetRules(name, state, definition)]),
    ...reachRules(definition),
    ...catchRules(definition),
    ...fieldRules(definition),
    ...durationRules(definition),
  ];
}

function edges(state: State): Edge[] {
  if (state.type === 'choice') {
    return [
      ...state.choices.map((choice): Edge => {
        const present = 'isPresent' in choice && choice.isPresent;
        return { target: choice.next, kind: 'choice', adds: present ? choice.variable.fields[0] : undefined };
      }),
      { target: state.default, kind: 'default' },
    ];
  }
  if (!isTask(state)) return [];
  return [
    ...(state.next === undefined ? [] : [{ target: state.next, kind: 'next', adds: state.result } as const]),
    ...(state.catch ?? []).map(({ next, result }) => ({ target: next, kind: 'catch', adds: result }) as const),
  ];
}

function stateRules(name: string, state: State): Rule[] {
  const of = `states.${name}`;
  return [
    unless(name.length < 1 || name.length > 80, `${of} has ${name.length} characters; allowed: 1 to 80`),
    ...paths(state).map(({ path }) => matches(of, path, PATH, PATHS)),
    ...(isTask(state) ? taskRules(of, state) : []),
    ...(state.type === 'choice'
      ? [
          unless(state.choices.length === 0, `${of}.choices is empty; allowed: one or more`),
          ...state.choices.map(({ variable }) =>
            matches(`${of}.choices.variable`, variable.path, REFERENCE, 'a path such as $.id'),
          ),
        ]
      : []),
  ];
}

function taskRules(of: string, state: TaskState): Rule[] {
  const lists = [
    ...(state.retry ?? []).map(({ errors }, index) => ({
      what: 'retry',
      errors,
      last: index + 1 === state.retry?.length,
    })),
    ...(state.catch ?? []).map(({ errors = [ALL] }, index) => ({
      what: 'catch',
      errors,
      last: index + 1 === state.catch?.length,
    })),
  ];
  const results = [state.result, ...(state.catch ?? []).map(({ result }) => result)];
  return [
    inRange(`${of}.timeoutSeconds`, state.timeoutSeconds, 1, 99_999_999, 'seconds'),
    ...results.map((result) => matches(`${of}.result`, result, FIELD, 'a name of letters, digits and _')),
    ...lists.flatMap(({ what, errors, last }) => [
      unless(errors.length === 0, `${of}.${what} names no error; allowed: one or more`),
      unless(
        errors.includes(ALL) && (errors.length > 1 || !last),
        `${of}.${what} has ${ALL} beside or before others; allowed: alone, and last`,
      ),
    ]),
    ...(state.retry ?? []).flatMap((retry) => [
      inRange(`${of}.retry.maxAttempts`, retry.maxAttempts, 0, 99_999_999),
      inRange(`${of}.retry.intervalSeconds`, retry.intervalSeconds, 1, 99_999_999, 'seconds'),
      unless((retry.backoffRate ?? 1) < 1, `${of}.retry.backoffRate is ${retry.backoffRate}; allowed: 1 or more`),
    ]),
    ...(state.type === 'runTask' ? runTaskRules(of, state) : []),
  ];
}

function runTaskRules(of: string, state: Extract<TaskState, { type: 'runTask' }>): Rule[] {
  const repeated = (state.retry ?? [])
    .flatMap(({ errors }) => errors)
    .filter((each) => CONTAINER_ERRORS.includes(each));
  return [
    unless(state.subnets.length === 0, `${of}.subnets is empty; allowed: 1 to 16`),
    unless(state.subnets.length > 16, `${of}.subnets has ${state.subnets.length}; allowed: 1 to 16`),
    // Without one the task gets the VPC's default group, which is closed.
    unless(state.securityGroups.length === 0, `${of}.securityGroups is empty; allowed: 1 to 5`),
    unless(state.securityGroups.length > 5, `${of}.securityGroups has ${state.securityGroups.length}; allowed: 1 to 5`),
    ...Object.keys(state.environment ?? {}).map((variable) =>
      matches(`${of}.environment`, variable, FIELD, 'names of letters, digits and _'),
    ),
    ...repeated.map(
      (error) => `${of}.retry has ${error}; allowed: errors of ECS, as a failed container is not run again`,
    ),
  ];
}

function targetRules(name: string, state: State, { states }: Definition): Rule[] {
  return edges(state).map(({ target, kind }) =>
    unless(states[target] === undefined, `states.${name} has ${kind} "${target}"; allowed: a state of this definition`),
  );
}

/** Names of the states that `from` leads to, itself among them, over the edges that count. */
function reach(definition: Definition, from: string, counts: (edge: Edge) => boolean = () => true): Set<string> {
  const found = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = definition.states[name];
    if (state === undefined || found.has(name)) continue;
    found.add(name);
    open.push(
      ...edges(state)
        .filter(counts)
        .map(({ target }) => target),
    );
  }
  return found;
}

function reachRules(definition: Definition): Rule[] {
  const reached = reach(definition, definition.startAt);
  return Object.keys(definition.states).flatMap((name) => [
    unless(!reached.has(name), `states.${name} is never reached from "${definition.startAt}"`),
    unless(
      ![...reach(definition, name)].some((each) => isTerminal(definition.states[each])),
      `states.${name} leads to no end; allowed: states that get to one of type succeed or fail, or with end`,
    ),
  ]);
}

function isTerminal(state: State | undefined): boolean {
  if (state === undefined) return false;
  return state.type === 'succeed' || state.type === 'fail' || (isTask(state) && state.end === true);
}

/** States that only an error leads to are what deals with it; they need none to deal with theirs. */
function catchRules(definition: Definition): Rule[] {
  const ordinary = reach(definition, definition.startAt, ({ kind }) => kind !== 'catch');
  return [...ordinary].map((name) => {
    const state = definition.states[name];
    if (state === undefined || !isTask(state)) return undefined;
    const catchesAll = (state.catch ?? []).some(({ errors = [ALL] }) => errors.includes(ALL));
    return unless(
      !catchesAll,
      `states.${name} has no catch of ${ALL}; allowed: one, as it runs without an error before it`,
    );
  });
}

/** A path to a field that is not there fails the execution past every Catch. */
function fieldRules(definition: Definition): Rule[] {
  const known = knownFields(definition);
  return Object.entries(definition.states).flatMap(([name, state]) => {
    const here = known.get(name);
    if (here === undefined) return [];
    return [...new Set(paths(state).flatMap(({ fields }) => fields))]
      .filter((field) => !here.has(field))
      .map(
        (field) =>
          `states.${name} reads $.${field}; on every way there the execution has: ${[...here].sort().join(', ') || 'nothing'}`,
      );
  });
}

/** For each state that is reached, the fields that the object has whichever way was taken. */
function knownFields({ input, startAt, states }: Definition): Map<string, Set<string>> {
  const known = new Map<string, Set<string>>();
  const open = [{ name: startAt, fields: new Set(input) }];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const { name, fields } = step;
    const state = states[name];
    if (state === undefined) continue;
    const before = known.get(name);
    const here = before === undefined ? fields : new Set([...before].filter((field) => fields.has(field)));
    if (before?.size === here.size) continue;
    known.set(name, here);
    for (const { target, adds } of edges(state)) {
      open.push({ name: target, fields: new Set([...here, ...(adds === undefined ? [] : [adds])]) });
    }
  }
  return known;
}

/** Everything that a state reads, but for the question whether it is there. */
function paths(state: State): InputPath[] {
  const values: readonly (Payload[string] | undefined)[] = (() => {
    switch (state.type) {
      case 'invoke':
        return [state.payload];
      case 'runTask':
        return Object.values(state.environment ?? {});
      case 'fail':
        return [state.error, state.cause];
      case 'choice':
        return state.choices.flatMap((choice) => ('isPresent' in choice ? [] : [choice.variable]));
      case 'succeed':
        return [];
    }
  })();
  return values.flatMap(pathsIn);
}

function pathsIn(value: Payload[string] | undefined): InputPath[] {
  if (value instanceof InputPath) return [value];
  return isPayload(value) ? Object.values(value).flatMap(pathsIn) : [];
}

/** The slowest way through, each state at its limit. Repetitions come on top: they follow errors that are quick. */
function durationRules({ startAt, states, timeoutSeconds }: Definition): Rule[] {
  const longest = (name: string, before: readonly string[]): { seconds: number; way: readonly string[] } => {
    const state = states[name];
    if (state === undefined || before.includes(name)) return { seconds: 0, way: [] };
    const own = isTask(state) ? state.timeoutSeconds : 0;
    const after = edges(state)
      .map(({ target }) => longest(target, [...before, name]))
      .reduce((slowest, each) => (each.seconds > slowest.seconds ? each : slowest), { seconds: 0, way: [] });
    return { seconds: own + after.seconds, way: own === 0 ? after.way : [name, ...after.way] };
  };
  const { seconds, way } = longest(startAt, []);
  return [
    unless(
      seconds > 0 && seconds >= timeoutSeconds,
      `timeoutSeconds is ${timeoutSeconds}; allowed: more than ${seconds}, which ${way.join(', ')} may take together`,
    ),
  ];
}
