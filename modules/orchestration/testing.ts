/** For the tests of orchestration: two containers one after the other, with functions around them. */
import type { TerraformStack } from 'cdktf';
import { Cluster } from '../compute/cluster';
import { taskProps } from '../compute/testing';
import { TaskDefinition } from '../compute/task-definition';
import { imageFunction } from '../functions/testing';
import { naming } from '../testing';
import { fromInput, type Catch, type Definition, type InvokeState, type RunTaskState } from './definition';

export const toFailed: readonly Catch[] = [{ next: 'Failed', result: 'error' }];

export interface Parts {
  readonly runTask: Omit<RunTaskState, 'next' | 'end'>;
  readonly invoke: Omit<InvokeState, 'next' | 'end'>;
}

/** A container's state and a function's, without what follows them. */
export function parts(stack: TerraformStack): Parts {
  return {
    runTask: {
      type: 'runTask',
      cluster: new Cluster(stack, 'cluster', { naming }),
      taskDefinition: new TaskDefinition(stack, 'task', { ...taskProps(stack), containerName: 'builder' }),
      subnets: [{ id: 'subnet-1' }, { id: 'subnet-2' }],
      securityGroups: [{ id: 'sg-1' }],
      environment: { PHASE: 'first', ID: fromInput('$.id'), SPEC: fromInput('States.JsonToString($.spec)') },
      timeoutSeconds: 100,
      catch: toFailed,
    },
    invoke: {
      type: 'invoke',
      function: imageFunction(stack, 'reader'),
      payload: { phase: 'first', id: fromInput('$.id') },
      timeoutSeconds: 10,
      result: 'output',
      catch: toFailed,
    },
  };
}

export function pipeline({ runTask, invoke }: Parts): Definition {
  return {
    input: ['id', 'spec'],
    startAt: 'First',
    timeoutSeconds: 300,
    states: {
      First: { ...runTask, next: 'Read' },
      Read: { ...invoke, next: 'Second' },
      Second: { ...runTask, next: 'Done' },
      Done: { ...invoke, payload: { output: fromInput('$.output'), list: [1, 'a'] }, end: true },
      Failed: { ...invoke, payload: { why: { error: fromInput('$.error') } }, catch: undefined, next: 'Lost' },
      Lost: { type: 'fail', error: 'PipelineFailed', cause: fromInput('$.error.Cause') },
    },
  } as Definition;
}
