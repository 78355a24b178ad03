import { rolloutOf } from './rollout';

const deployment = (rolloutState: 'COMPLETED' | 'FAILED' | 'IN_PROGRESS') => ({ rolloutState });
const counts = { runningCount: 1, desiredCount: 1, pendingCount: 0 };

test.each([
  ['one complete deployment with all its tasks', { ...counts, deployments: [deployment('COMPLETED')] }, 'stable'],
  [
    'a new deployment beside the old one',
    { ...counts, deployments: [deployment('IN_PROGRESS'), deployment('COMPLETED')] },
    'moving',
  ],
  ['a rollback', { ...counts, deployments: [deployment('IN_PROGRESS'), deployment('FAILED')] }, 'failed'],
  ['tasks still missing', { ...counts, runningCount: 0, deployments: [deployment('COMPLETED')] }, 'moving'],
  ['tasks still pending', { ...counts, pendingCount: 1, deployments: [deployment('COMPLETED')] }, 'moving'],
  [
    'scaled to nothing',
    { runningCount: 0, desiredCount: 0, pendingCount: 0, deployments: [deployment('COMPLETED')] },
    'stable',
  ],
])('%s', (_name, service, expected) => {
  expect(rolloutOf(service)).toBe(expected);
});

test('no service at all is not stable', () => {
  expect(rolloutOf(undefined)).toBe('moving');
});
