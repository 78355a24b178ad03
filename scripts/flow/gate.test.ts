import { defineSystems } from '../../environments/index';
import type { ServiceStatus } from '../images/status';
import { refuseMissingImages } from './gate';

const session = { system: defineSystems()['story-42'], environment: 'dev' } as const;
const digest = `sha256:${'a'.repeat(64)}`;
const known: ServiceStatus = {
  digest,
  contentHash: 'c',
  commit: 'd',
  builtAt: '2026-01-31T12:00:00.000Z',
  inRegistry: true,
  stale: false,
};
const none: ServiceStatus = { ...known, digest: null, inRegistry: false };
const lost: ServiceStatus = { ...known, inRegistry: false };

const status = (changed: Record<string, ServiceStatus>) => ({
  lock: '/home/locks/story-42/dev.images.json',
  ready: false,
  services: {
    'data-ops': known,
    'story-generator': known,
    'story-image-regen': known,
    'story-text-regen': known,
    ...changed,
  },
});

test('opened by hand, the one image that is missing is named with its repository', () => {
  expect(() => refuseMissingImages(session, status({ 'data-ops': none }), true)).toThrow(
    [
      'Phase 2 of story-42 dev needs all 4 images; missing:',
      '  - data-ops: nothing was pushed to story-42-west-data-ops-lambda-dev',
      'Nothing was changed.',
    ].join('\n'),
  );
});

test('without a flag an image that was never pushed keeps the gate closed, and is no error', () => {
  expect(() => refuseMissingImages(session, status({ 'data-ops': none }), false)).not.toThrow();
});

test.each([true, false])('what the lock names and the registry lacks is refused (opened by hand: %s)', (opened) => {
  const missing = status({ 'story-generator': lost, 'story-text-regen': lost });
  expect(() => refuseMissingImages(session, missing, opened)).toThrow(
    expect.objectContaining({
      name: 'UserError',
      message: [
        'Phase 2 of story-42 dev needs all 4 images; missing:',
        `  - story-generator: story-42-west-story-generator-dev lacks ${digest}, which /home/locks/story-42/dev.images.json names`,
        `  - story-text-regen: story-42-west-lambda-dev lacks ${digest}, which /home/locks/story-42/dev.images.json names`,
        'Nothing was changed.',
      ].join('\n'),
      remedy: './sluice images push story-42 dev --service story-generator story-text-regen',
    }),
  );
});

test('all images there: nothing to refuse', () => {
  expect(() => refuseMissingImages(session, status({}), true)).not.toThrow();
});
