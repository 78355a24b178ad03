import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { imagesLockSchema, lockPath, type ImagesLock } from '../environments/lock';
import { messageOf } from '../modules/testing';
import { systemNames } from '../environments/index';
import { environmentNames } from '../environments/schema';
import { buildApp } from './app';
import { loadLock, parseImagesReady, resolveGate, type GateInput } from './gate';
import { withFolder } from './testing';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const entry = (letter: string) => ({
  digest: digest(letter),
  contentHash: 'c'.repeat(64),
  commit: 'unknown',
  builtAt: '2026-01-31T12:00:00.000Z',
});
const lock = (...services: string[]): ImagesLock =>
  imagesLockSchema.parse({
    system: 's',
    environment: 'dev',
    services: Object.fromEntries(services.map((name) => [name, entry('a')])),
  });
const base: GateInput = { system: 's', environment: 'dev', services: ['one', 'two'], path: '/locks/s.json' };

describe('resolveGate', () => {
  it('is closed without a lock, and while a service is missing', () => {
    expect(resolveGate(base)).toEqual({ phase: 1, images: {}, waitingFor: ['one', 'two'] });
    expect(resolveGate({ ...base, lock: lock('one') })).toEqual({
      phase: 1,
      images: { one: digest('a') },
      waitingFor: ['two'],
    });
  });

  it('opens by itself when every service has a digest', () => {
    expect(resolveGate({ ...base, lock: lock('one', 'two') })).toEqual({
      phase: 2,
      images: { one: digest('a'), two: digest('a') },
      waitingFor: [],
    });
  });

  it('can be closed by hand, and then waits for all', () => {
    expect(resolveGate({ ...base, lock: lock('one', 'two'), override: false })).toMatchObject({
      phase: 1,
      waitingFor: ['one', 'two'],
    });
  });

  it('cannot be opened by hand without digests', () => {
    expect(resolveGate({ ...base, lock: lock('one', 'two'), override: true }).phase).toBe(2);
    expect(messageOf(() => resolveGate({ ...base, override: true }))).toBe(
      [
        'gate of s-dev: 2 problems',
        '- images ready is true, but /locks/s.json names no digest for service "one"',
        '- images ready is true, but /locks/s.json names no digest for service "two"',
        'Push the images first: ./sluice images push s dev',
      ].join('\n'),
    );
  });
});

describe('parseImagesReady', () => {
  it.each([
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
    ['', undefined],
    [undefined, undefined],
  ])('%p', (value, expected) => expect(parseImagesReady(value, 'IMAGES_READY')).toBe(expected));

  it('takes nothing else for a yes or a no', () => {
    expect(messageOf(() => parseImagesReady('yes', 'IMAGES_READY'))).toBe(
      'IMAGES_READY: 1 problem\n- is "yes"; allowed: true, false, or unset to let the lock decide',
    );
  });
});

describe('loadLock', () => {
  const place = (home: string) => ({ target: 'local', system: 's', environment: 'dev', home, root: home }) as const;
  const given = (text: string) =>
    withFolder((home) => {
      const path = lockPath(place(home));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return messageOf(() => loadLock(place(home), ['one']))
        .replaceAll(path, '<lock>')
        .split('\n')
        .slice(0, -1);
    });
  const json = (changes: object) => JSON.stringify({ ...lock('one'), ...changes });

  it('says nothing of an environment without a lock', () => {
    withFolder((home) => expect(loadLock(place(home), ['one']).lock).toBeUndefined());
  });

  it.each([
    ['truncated', json({}).slice(0, 50), '- the file is truncated: its JSON breaks off after 50 characters'],
    ['empty', '', '- the file is empty'],
    [
      'of another environment',
      json({ environment: 'prod' }),
      '- environment is "prod"; this file belongs to environment "dev"',
    ],
    ['of another system', json({ system: 't' }), '- system is "t"; this file belongs to system "s"'],
    [
      'with an unknown service',
      json({ services: { one: entry('a'), x: entry('b') } }),
      '- services.x is unknown; s has "one"',
    ],
    [
      'with a malformed digest',
      json({ services: { one: { ...entry('a'), digest: 'latest' } } }),
      '- services.one.digest must be sha256: and 64 lower-case hexadecimal digits',
    ],
  ])('refuses a lock that is %s', (_, text, problem) => expect(given(text)).toEqual(['<lock>: 1 problem', problem]));
});

describe('the app', () => {
  it('asks for the missing images of every selected stack at once', () => {
    withFolder((folder) => {
      const request = { outdir: folder, target: 'local', home: folder, root: folder, imagesReady: true } as const;
      const stacks = ['t3nets-dev', 't3nets-prod'];
      expect(messageOf(() => buildApp({ ...request, stacks })).replaceAll(folder, '<home>')).toBe(
        [
          'gate: 2 problems',
          '- images ready is true, but <home>/locks/t3nets/dev.images.json names no digest for service "router"',
          '- images ready is true, but <home>/locks/t3nets/prod.images.json names no digest for service "router"',
          'Push the images first: ./sluice images push t3nets dev',
          'Push the images first: ./sluice images push t3nets prod',
        ].join('\n'),
      );
      expect(messageOf(() => buildApp({ ...request, stacks: ['t3nets-dev'] })).replaceAll(folder, '<home>')).toBe(
        [
          'gate: 1 problem',
          '- images ready is true, but <home>/locks/t3nets/dev.images.json names no digest for service "router"',
          'Push the images first: ./sluice images push t3nets dev',
        ].join('\n'),
      );
    });
  });

  it('reads the lock of the target that it is for', () => {
    withFolder((folder) => {
      const request = { outdir: folder, home: `${folder}/home`, root: folder, stacks: ['t3nets-dev'] };
      expect(messageOf(() => buildApp({ ...request, target: 'aws' }))).toContain(
        'aws.dev is unset; allowed: 12 digits',
      );
      const path = lockPath({
        target: 'local',
        system: 't3nets',
        environment: 'dev',
        home: request.home,
        root: folder,
      });
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, JSON.stringify({ system: 't3nets', environment: 'dev', services: { router: entry('d') } }));
      expect(buildApp({ ...request, target: 'local' }).stacks[0]?.facts).toMatchObject({
        phase: 2,
        images: { router: digest('d') },
      });
    });
  });

  it('lists the stacks there are', () => {
    withFolder((folder) => {
      const request = {
        outdir: folder,
        target: 'local',
        home: folder,
        root: folder,
        stacks: ['t3nets-live', 'x'],
      } as const;
      const known = [...systemNames, 'bootstrap']
        .flatMap((system) => environmentNames.map((environment) => `${system}-${environment}`))
        .join(', ');
      expect(messageOf(() => buildApp(request))).toBe(
        [
          'SLUICE_STACKS: 2 problems',
          `- "t3nets-live" is unknown; there is: ${known}`,
          `- "x" is unknown; there is: ${known}`,
        ].join('\n'),
      );
    });
  });
});
