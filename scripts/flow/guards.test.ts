import type { StackFacts } from '../../environments/stack-facts';
import { refuseToClose } from './guards';

const facts = (phase: 1 | 2): StackFacts => ({
  system: 't3nets',
  environment: 'dev',
  account: '111111111111',
  region: 'us-east-1',
  target: 'local',
  phase,
  waiting: { services: ['router'], resources: ['aws_lb.alb', 'aws_ecs_service.router'] },
  stateful: [],
  images: {},
});
const stack = (...addresses: string[]) => ({ name: 't3nets-dev', stateList: async () => addresses });

test('a closed gate is refused while compute lives, and each resource is named', async () => {
  const refusal = refuseToClose(stack('aws_vpc.v', 'aws_ecs_service.router', 'aws_lb.alb'), facts(1));
  await expect(refusal).rejects.toThrow(
    [
      'The gate of t3nets-dev would close on a live environment: no ready image for router.',
      'These 2 resources would be destroyed:',
      '  - aws_ecs_service.router',
      '  - aws_lb.alb',
      'Nothing was changed.',
    ].join('\n'),
  );
});

test('a closed gate before the first rollout, and an open one, go on', async () => {
  await refuseToClose(stack('aws_vpc.v'), facts(1));
  await refuseToClose(stack('aws_ecs_service.router'), facts(2));
});
