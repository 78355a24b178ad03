import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { cacheRoot, clearTemporary, fillOnce, withLock, writeIfChanged } from './cache';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-cache-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('cacheRoot', () => {
  test('SLUICE_CACHE, then XDG_CACHE_HOME, then the home folder', () => {
    expect(cacheRoot({ SLUICE_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
    expect(cacheRoot({ XDG_CACHE_HOME: '/b' })).toBe('/b/sluice');
    expect(cacheRoot({})).toMatch(/\.cache\/sluice$/);
  });
});

describe('withLock', () => {
  test('one after the other, and the waiting one says whom it waits for', async () => {
    const order: string[] = [];
    const said: string[] = [];
    let finish = () => {};
    const gate = new Promise<void>((resolve) => (finish = resolve));
    let started = () => {};
    const running = new Promise<void>((resolve) => (started = resolve));
    const first = withLock(
      'thing',
      async () => {
        order.push('first begins');
        started();
        await gate;
        order.push('first ends');
      },
      { root },
    );
    await running;
    const second = withLock('thing', async () => void order.push('second'), {
      root,
      pollMilliseconds: 10,
      update: (line) => {
        said.push(line);
        if (said.length === 2) finish();
      },
    });
    await Promise.all([first, second]);
    expect(order).toEqual(['first begins', 'first ends', 'second']);
    expect(said.at(-1)).toMatch(
      new RegExp(`^another sluice is building thing \\(pid ${process.pid}, since \\d\\d:\\d\\d:\\d\\d\\); waiting$`),
    );
  });

  test('is released when the work fails', async () => {
    await expect(withLock('thing', () => Promise.reject(new Error('no')), { root })).rejects.toThrow('no');
    expect(await withLock('thing', async () => 1, { root })).toBe(1);
  });

  test('a lock that its owner no longer renews is taken over', async () => {
    mkdirSync(join(root, 'locks', 'thing.lock'), { recursive: true });
    expect(await withLock('thing', async () => 1, { root, staleMilliseconds: 2000, pollMilliseconds: 50 })).toBe(1);
  });
});

test('a lock whose owner is known to be dead is taken over soon', async () => {
  const dead = execa('true');
  await dead;
  mkdirSync(join(root, 'locks', 'thing.lock'), { recursive: true });
  const holder = { pid: dead.pid, host: hostname(), since: new Date().toISOString() };
  writeFileSync(join(root, 'locks', 'thing.holder.json'), JSON.stringify(holder));
  // A day until it would count as stale by age alone.
  expect(await withLock('thing', async () => 1, { root, staleMilliseconds: 86_400_000, pollMilliseconds: 50 })).toBe(1);
});

describe('fillOnce', () => {
  const target = () => join(root, 'tool', '1.0');

  test('two callers at once: one fills', async () => {
    let fills = 0;
    const fill = async (folder: string) => {
      fills++;
      writeFileSync(join(folder, 'file'), 'x');
    };
    const options = { root, pollMilliseconds: 10, fill };
    await Promise.all([fillOnce('tool', target(), options), fillOnce('tool', target(), options)]);
    expect(fills).toBe(1);
    expect(readFileSync(join(target(), 'file'), 'utf8')).toBe('x');
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  test('a failure leaves nothing that looks finished', async () => {
    const fill = async (folder: string) => {
      writeFileSync(join(folder, 'half'), 'x');
      throw new Error('disk full');
    };
    await expect(fillOnce('tool', target(), { root, fill })).rejects.toThrow('disk full');
    expect(existsSync(target())).toBe(false);
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  test('what is there but cannot be used is replaced', async () => {
    mkdirSync(target(), { recursive: true });
    await fillOnce('tool', target(), {
      root,
      usable: async () => existsSync(join(target(), 'file')),
      fill: async (folder) => writeFileSync(join(folder, 'file'), 'x'),
    });
    expect(readdirSync(target())).toEqual(['file']);
  });

  test('folders of killed runs are removed, those of other tools are not', async () => {
    for (const name of ['tool-99999', 'tool-build-99999', 'other-1'])
      mkdirSync(join(root, 'tmp', name), { recursive: true });
    await fillOnce('tool', target(), { root, fill: async () => undefined });
    expect(readdirSync(join(root, 'tmp')).sort()).toEqual(['other-1', 'tool-build-99999']);
  });
});

const linux = process.platform === 'linux' ? test : test.skip;

linux('a compiler that outlived its killed parent is ended', async () => {
  const folder = join(root, 'tmp', 'tool-99999');
  mkdirSync(folder, { recursive: true });
  const orphan = execa('sleep', ['600'], { cwd: folder, reject: false });
  await new Promise((started) => orphan.once('spawn', started));
  await clearTemporary('tool', root);
  expect((await orphan).signal).toBe('SIGTERM');
  expect(existsSync(folder)).toBe(false);
});

test('writeIfChanged leaves a file alone that already says so', async () => {
  const file = join(root, 'a', 'b');
  await writeIfChanged(file, 'one');
  const before = readdirSync(join(root, 'a'), { withFileTypes: true }).length;
  await writeIfChanged(file, 'two');
  expect(readFileSync(file, 'utf8')).toBe('two');
  expect(before).toBe(1);
  expect(readdirSync(join(root, 'a'))).toEqual(['b']);
});
