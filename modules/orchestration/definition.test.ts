import type { TerraformStack } from 'cdktf';
import { synth, type Block } from '../testing';
import { fromInput, renderDefinition, type Definition } from './definition';
import { definitionRules } from './definition-rules';
import { parts, pipeline, type Parts } from './testing';

/** The definition as text, before tokens are resolved: what is not a token is as it will be. */
function rendered(change: (definition: Definition, made: Parts) => Definition = (definition) => definition): Block {
  let text = '{}';
  synth((stack) => {
    const made = parts(stack);
    text = renderDefinition(change(pipeline(made), made));
  });
  return JSON.parse(text) as Block;
}

function problems(change: (definition: Definition, made: Parts) => Definition): string[] {
  let found: string[] = [];
  synth((stack: TerraformStack) => {
    const made = parts(stack);
    found = definitionRules(change(pipeline(made), made)).filter((rule) => rule !== undefined);
  });
  return found;
}

/** The pipeline with some of its states changed; undefined takes one out. */
const withStates = (definition: Definition, states: Readonly<Record<string, unknown>>): Definition => ({
  ...definition,
  states: Object.fromEntries(
    Object.entries({ ...definition.states, ...states }).filter(([, state]) => state !== undefined),
  ) as Definition['states'],
});

describe('renderDefinition', () => {
  it('runs a Fargate task and waits, with values of the stack and of the input', () => {
    const found = rendered();
    expect(found).toMatchObject({ StartAt: 'First', TimeoutSeconds: 300 });
    expect(found['States'].First).toEqual({
      Type: 'Task',
      Resource: 'arn:aws:states:::ecs:runTask.sync',
      Parameters: {
        LaunchType: 'FARGATE',
        Cluster: expect.stringContaining('TfToken'),
        TaskDefinition: expect.stringContaining('TfToken'),
        NetworkConfiguration: {
          AwsvpcConfiguration: {
            Subnets: ['subnet-1', 'subnet-2'],
            SecurityGroups: ['sg-1'],
            AssignPublicIp: 'DISABLED',
          },
        },
        Overrides: {
          ContainerOverrides: [
            {
              Name: 'builder',
              Environment: [
                { Name: 'ID', 'Value.$': '$.id' },
                { Name: 'PHASE', Value: 'first' },
                { Name: 'SPEC', 'Value.$': 'States.JsonToString($.spec)' },
              ],
            },
          ],
        },
      },
      ResultPath: null,
      TimeoutSeconds: 100,
      Retry: [
        {
          ErrorEquals: ['ECS.ThrottlingException', 'ECS.AmazonECSException'],
          IntervalSeconds: 2,
          MaxAttempts: 2,
          BackoffRate: 2,
          JitterStrategy: 'FULL',
        },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Failed' }],
      Next: 'Read',
    });
  });

  it('leaves out what a task has none of', () => {
    const bare = rendered((definition, { runTask }) =>
      withStates(definition, {
        First: { ...runTask, environment: undefined, retry: [], assignPublicIp: true, next: 'Read' },
      }),
    )['States'].First;
    expect(bare.Parameters.Overrides).toBeUndefined();
    expect(bare.Retry).toBeUndefined();
    expect(bare.Parameters.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp).toBe('ENABLED');
  });

  it('calls a function by its ARN, so that its answer is the result, and tries transient errors three times', () => {
    const { Read, Done, Failed } = rendered()['States'];
    expect(Read).toEqual({
      Type: 'Task',
      Resource: expect.stringContaining('TfToken'),
      Parameters: { phase: 'first', 'id.$': '$.id' },
      ResultPath: '$.output',
      TimeoutSeconds: 10,
      Retry: [
        {
          ErrorEquals: [
            'Lambda.ServiceException',
            'Lambda.AWSLambdaException',
            'Lambda.SdkClientException',
            'Lambda.TooManyRequestsException',
          ],
          IntervalSeconds: 1,
          MaxAttempts: 3,
          BackoffRate: 2,
          JitterStrategy: 'FULL',
        },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Failed' }],
      Next: 'Second',
    });
    expect(Done).toMatchObject({ Parameters: { 'output.$': '$.output', list: [1, 'a'] }, End: true });
    expect(Done.Next).toBeUndefined();
    expect(Failed).toMatchObject({ Parameters: { why: { 'error.$': '$.error' } }, Next: 'Lost' });
    expect(Failed.Catch).toBeUndefined();
  });

  it('renders choices, ends and a comment', () => {
    const found = rendered((definition) => ({
      ...withStates(definition, {
        Choose: {
          type: 'choice',
          choices: [
            { variable: fromInput('$.spec.kind'), equals: 'tool', next: 'First' },
            { variable: fromInput('$.spec.size'), equals: 3, next: 'First' },
            { variable: fromInput('$.spec.dry'), equals: true, next: 'Nothing' },
            { variable: fromInput('$.draft'), isPresent: false, next: 'Nothing' },
          ],
          default: 'Nothing',
        },
        Nothing: { type: 'succeed' },
        Lost: { type: 'fail', error: fromInput('$.error.Error'), cause: 'No idea' },
      }),
      startAt: 'Choose',
      comment: 'Builds',
    }));
    expect(found['Comment']).toBe('Builds');
    expect(found['States'].Choose).toEqual({
      Type: 'Choice',
      Choices: [
        { Variable: '$.spec.kind', StringEquals: 'tool', Next: 'First' },
        { Variable: '$.spec.size', NumericEquals: 3, Next: 'First' },
        { Variable: '$.spec.dry', BooleanEquals: true, Next: 'Nothing' },
        { Variable: '$.draft', IsPresent: false, Next: 'Nothing' },
      ],
      Default: 'Nothing',
    });
    expect(found['States'].Nothing).toEqual({ Type: 'Succeed' });
    expect(found['States'].Lost).toEqual({ Type: 'Fail', ErrorPath: '$.error.Error', Cause: 'No idea' });
    expect(rendered()['States'].Lost).toEqual({ Type: 'Fail', Error: 'PipelineFailed', CausePath: '$.error.Cause' });
  });
});

describe('definitionRules', () => {
  it('finds nothing in a sound definition', () => {
    expect(problems((definition) => definition)).toEqual([]);
  });

  it('finds every target that is not there', () => {
    const found = problems((definition, { invoke }) =>
      withStates(definition, {
        Read: { ...invoke, catch: [{ errors: ['A'], next: 'Nowhere' }, ...(invoke.catch ?? [])], next: 'Gone' },
        Second: {
          type: 'choice',
          choices: [{ variable: fromInput('$.id'), equals: 'a', next: 'Up' }],
          default: 'Down',
        },
      }),
    );
    expect(found).toEqual([
      'states.Read has next "Gone"; allowed: a state of this definition',
      'states.Read has catch "Nowhere"; allowed: a state of this definition',
      'states.Second has choice "Up"; allowed: a state of this definition',
      'states.Second has default "Down"; allowed: a state of this definition',
      'states.Second is never reached from "First"',
      'states.Second leads to no end; allowed: states that get to one of type succeed or fail, or with end',
      'states.Done is never reached from "First"',
    ]);
  });

  it('finds a start that is not there, and a definition without states', () => {
    expect(problems((definition) => ({ ...definition, startAt: 'Zero' }))[0]).toBe(
      'startAt is "Zero"; allowed: First, Read, Second, Done, Failed, Lost',
    );
    expect(problems((definition) => ({ ...definition, states: {} }))).toEqual([
      'startAt is "First"; allowed: none, states is empty',
    ]);
  });

  it('finds states that lead round in a circle', () => {
    const found = problems((definition, { invoke }) =>
      withStates(definition, {
        Second: { ...invoke, next: 'Done', catch: [{ next: 'Done' }] },
        Done: { ...invoke, next: 'Second', catch: [{ next: 'Second' }] },
      }),
    );
    expect(found).toEqual([
      'states.Second leads to no end; allowed: states that get to one of type succeed or fail, or with end',
      'states.Done leads to no end; allowed: states that get to one of type succeed or fail, or with end',
    ]);
  });

  it('wants a catch of every error where no error was before, and none of what deals with errors', () => {
    const found = problems((definition, { invoke }) =>
      withStates(definition, {
        Read: { ...invoke, catch: [{ errors: ['OutputNotFound'], next: 'Failed', result: 'error' }], next: 'Second' },
        Done: { ...invoke, catch: undefined, end: true },
      }),
    );
    expect(found).toEqual([
      'states.Read has no catch of States.ALL; allowed: one, as it runs without an error before it',
      'states.Done has no catch of States.ALL; allowed: one, as it runs without an error before it',
    ]);
  });

  it('finds fields that some way to a state leaves out', () => {
    const found = problems((definition, { invoke, runTask }) =>
      withStates(definition, {
        First: { ...runTask, environment: { ID: fromInput('$.name') }, next: 'Read' },
        // Its own result is not there yet, and not there when it failed.
        Read: { ...invoke, payload: { it: { is: fromInput('$.output') } }, next: 'Second' },
        Failed: {
          ...invoke,
          payload: { output: fromInput('States.Format($.output)') },
          catch: undefined,
          next: 'Lost',
        },
      }),
    );
    expect(found).toEqual([
      'states.First reads $.name; on every way there the execution has: id, spec',
      'states.Read reads $.output; on every way there the execution has: id, spec',
      'states.Failed reads $.output; on every way there the execution has: error, id, spec',
    ]);
  });

  it('takes a field as there where a choice has found it, and the execution itself as there always', () => {
    const choose = (isPresent: boolean) =>
      problems((definition, { invoke }) => ({
        ...withStates(definition, {
          Choose: {
            type: 'choice',
            choices: [{ variable: fromInput('$.draft'), isPresent, next: 'Draft' }],
            default: 'First',
          },
          Draft: {
            ...invoke,
            payload: { draft: fromInput('$.draft'), name: fromInput('$$.Execution.Name') },
            end: true,
          },
        }),
        startAt: 'Choose',
      }));
    expect(choose(true)).toEqual([]);
    expect(choose(false)).toEqual(['states.Draft reads $.draft; on every way there the execution has: id, spec']);
  });

  it('keeps the limits of the states below that of the execution, which no catch sees', () => {
    // 100 + 10 + 100 + 10 and, when the last one fails, 10 more.
    const of = (timeoutSeconds: number) => problems((definition) => ({ ...definition, timeoutSeconds }));
    expect(of(231)).toEqual([]);
    expect(of(230)).toEqual([
      'timeoutSeconds is 230; allowed: more than 230, which First, Read, Second, Done, Failed may take together',
    ]);
  });

  it('never runs a failed container again', () => {
    const found = problems((definition, { runTask }) =>
      withStates(definition, {
        First: {
          ...runTask,
          retry: [
            { errors: ['States.TaskFailed', 'States.Timeout'], maxAttempts: 1 },
            { errors: ['States.ALL'], maxAttempts: 1 },
          ],
          next: 'Read',
        },
      }),
    );
    expect(found).toEqual(
      ['States.TaskFailed', 'States.Timeout', 'States.ALL'].map(
        (error) => `states.First.retry has ${error}; allowed: errors of ECS, as a failed container is not run again`,
      ),
    );
  });

  it('reports every other problem of a state', () => {
    const found = problems((definition, { invoke, runTask }) => ({
      ...withStates(definition, {
        First: {
          ...runTask,
          subnets: [],
          securityGroups: [],
          environment: { 'A-B': 'x', C: fromInput('id') },
          timeoutSeconds: 0,
          next: 'Read',
        },
        Read: {
          ...invoke,
          result: 'a.b',
          retry: [{ errors: [], maxAttempts: -1, intervalSeconds: 0, backoffRate: 0.5 }],
          catch: [
            { next: 'Failed', result: 'error' },
            { errors: ['A'], next: 'Failed', result: 'error' },
          ],
          next: 'Choose',
        },
        Choose: {
          type: 'choice',
          choices: [{ variable: fromInput('States.UUID()'), equals: 'x', next: 'Second' }],
          default: 'Empty',
        },
        Empty: { type: 'choice', choices: [], default: 'Second' },
        Done: undefined,
        Second: {
          ...runTask,
          subnets: Array(17).fill({ id: 's' }),
          securityGroups: Array(6).fill({ id: 'g' }),
          end: true,
        },
        ['x'.repeat(81)]: { type: 'succeed' },
      }),
      input: ['id', 'spec', 'a b'],
      timeoutSeconds: 31_536_001,
    }));
    expect(found).toEqual([
      'timeoutSeconds is 31536001; allowed: a whole number from 1 to 31536000 seconds',
      'input is "a b"; allowed: names of letters, digits and _',
      'states.First is "id"; allowed: a path such as $.id, $$.Execution.Name or States.JsonToString($.spec)',
      'states.First.timeoutSeconds is 0; allowed: a whole number from 1 to 99999999 seconds',
      'states.First.subnets is empty; allowed: 1 to 16',
      'states.First.securityGroups is empty; allowed: 1 to 5',
      'states.First.environment is "A-B"; allowed: names of letters, digits and _',
      'states.Read.result is "a.b"; allowed: a name of letters, digits and _',
      'states.Read.retry names no error; allowed: one or more',
      'states.Read.catch has States.ALL beside or before others; allowed: alone, and last',
      'states.Read.retry.maxAttempts is -1; allowed: a whole number from 0 to 99999999',
      'states.Read.retry.intervalSeconds is 0; allowed: a whole number from 1 to 99999999 seconds',
      'states.Read.retry.backoffRate is 0.5; allowed: 1 or more',
      'states.Second.subnets has 17; allowed: 1 to 16',
      'states.Second.securityGroups has 6; allowed: 1 to 5',
      'states.Choose.choices.variable is "States.UUID()"; allowed: a path such as $.id',
      'states.Empty.choices is empty; allowed: one or more',
      `states.${'x'.repeat(81)} has 81 characters; allowed: 1 to 80`,
      `states.${'x'.repeat(81)} is never reached from "First"`,
    ]);
  });
});
