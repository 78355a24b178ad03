import { ImagesLockError, lockPath, missingServices, parseLock } from './lock';

const path = '/repo/environments/t3nets/dev.images.json';
const expected = { path, system: 't3nets', environment: 'dev', services: ['router', 'worker'] };
const entry = {
  digest: `sha256:${'a'.repeat(64)}`,
  contentHash: 'b'.repeat(64),
  commit: 'c'.repeat(40),
  builtAt: '2026-01-31T12:00:00.000Z',
};
const good = { system: 't3nets', environment: 'dev', services: { router: entry, worker: entry } };
const remedy =
  "Restore the file (git checkout -- <file>, or the history beside a rehearsal's lock), or delete it and run: " +
  './sluice images push t3nets dev';

function messageOf(text: string, complete = false): string {
  try {
    parseLock(text, { ...expected, complete });
  } catch (error) {
    expect(error).toBeInstanceOf(ImagesLockError);
    return (error as Error).message;
  }
  throw new Error('the lock was taken as good');
}

const one = (problem: string) => `${path}: 1 problem\n- ${problem}\n${remedy}`;

test('a good lock comes back as it is', () => {
  expect(parseLock(JSON.stringify(good), { ...expected, complete: true })).toEqual(good);
});

test('a lock without some services is good for the gate, and an error where it must be complete', () => {
  const text = JSON.stringify({ ...good, services: { router: entry } });
  const lock = parseLock(text, expected);
  expect(missingServices(lock, expected.services)).toEqual(['worker']);
  expect(missingServices(undefined, expected.services)).toEqual(['router', 'worker']);
  expect(messageOf(text, true)).toBe(one('services.worker is missing'));
});

test.each([
  ['', 'the file is empty'],
  [JSON.stringify(good).slice(0, 100), 'the file is truncated: its JSON breaks off after 100 characters'],
  ['<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> main\n', 'the file holds the marks of an unresolved merge'],
  ['[]', 'the file is []; must be of type object'],
  [JSON.stringify({ ...good, system: 'fable' }), 'system is "fable"; this file belongs to system "t3nets"'],
  [
    JSON.stringify({ ...good, environment: 'staging' }),
    'environment is "staging"; this file belongs to environment "dev"',
  ],
  [JSON.stringify({ ...good, environment: 'qa' }), 'environment is "qa"; must be one of dev, staging, prod'],
  [JSON.stringify({ ...good, note: 1 }), 'the file has unknown key note'],
  [
    JSON.stringify({ ...good, services: { ...good.services, api: entry } }),
    'services.api is unknown; t3nets has "router", "worker"',
  ],
  [
    JSON.stringify({ ...good, services: { router: { ...entry, digest: 'sha256:abc' } } }),
    'services.router.digest must be sha256: and 64 lower-case hexadecimal digits',
  ],
  [
    JSON.stringify({ ...good, services: { router: { ...entry, contentHash: 'B'.repeat(64) } } }),
    'services.router.contentHash must be 64 lower-case hexadecimal digits',
  ],
  [
    JSON.stringify({ ...good, services: { router: { ...entry, commit: 'main' } } }),
    'services.router.commit must be a git commit of 40 digits, the same with -dirty, or unknown',
  ],
  [
    JSON.stringify({ ...good, services: { router: { ...entry, builtAt: 'yesterday' } } }),
    'services.router.builtAt must be a UTC time such as 2026-01-31T12:00:00.000Z',
  ],
])('a lock with one problem: %#', (text, problem) => {
  expect(messageOf(text)).toBe(one(problem));
});

test('all problems come at once', () => {
  const text = JSON.stringify({
    system: 'fable',
    environment: 'prod',
    services: { router: { digest: 5 }, api: entry },
  });
  expect(messageOf(text, true)).toBe(
    [
      `${path}: 8 problems`,
      '- services.router.digest is 5; must be of type string',
      '- services.router.contentHash is missing (string)',
      '- services.router.commit is missing (string)',
      '- services.router.builtAt is missing (string)',
      '- system is "fable"; this file belongs to system "t3nets"',
      '- environment is "prod"; this file belongs to environment "dev"',
      '- services.api is unknown; t3nets has "router", "worker"',
      '- services.worker is missing',
      remedy,
    ].join('\n'),
  );
});

test('commits may be dirty or unknown', () => {
  for (const commit of [`${'0'.repeat(40)}-dirty`, 'unknown']) {
    const text = JSON.stringify({ ...good, services: { router: { ...entry, commit } } });
    expect(parseLock(text, expected).services['router']?.commit).toBe(commit);
  }
});

test('an AWS lock is in git, a rehearsal keeps its own', () => {
  const place = { system: 't3nets', environment: 'dev', home: '/home/.sluice', root: '/repo' };
  expect(lockPath({ ...place, target: 'aws' })).toBe('/repo/environments/t3nets/dev.images.json');
  expect(lockPath({ ...place, target: 'local' })).toBe('/home/.sluice/locks/t3nets/dev.images.json');
});
