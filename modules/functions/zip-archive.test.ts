import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { contentHash, readFolder, zipOf, type ArchiveFile } from './zip-archive';

const folder = mkdtempSync(join(tmpdir(), 'sluice-zip-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (path: string, text: string): ArchiveFile => ({ path, data: Buffer.from(text) });

/** What a reader that is not ours finds: name, mode, contents. Fails on a wrong checksum. */
function unzip(zip: Buffer): [string, string, string][] {
  const path = join(folder, 'read.zip');
  writeFileSync(path, zip);
  const program = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    print(json.dumps([[i.filename, oct(i.external_attr >> 16), archive.read(i).decode('utf8')] for i in archive.infolist()]))
`;
  return JSON.parse(execFileSync('python3', ['-c', program, path], { encoding: 'utf8' })) as [string, string, string][];
}

describe('zipOf', () => {
  it('makes an archive that others read, of files that everybody may read', () => {
    const text = 'export const handler = () => undefined;\n'.repeat(200);
    const zip = zipOf([file('lib/ä.mjs', text), file('index.mjs', text), file('empty.txt', '')]);
    expect(zip.length).toBeLessThan(text.length);
    expect(unzip(zip)).toEqual([
      ['empty.txt', '0o100644', ''],
      ['index.mjs', '0o100644', text],
      ['lib/ä.mjs', '0o100644', text],
    ]);
  });

  it('is the same bytes whatever the order of the files', () => {
    const files = [file('a', '1'), file('b', '2'), file('a/c', '3')];
    expect(zipOf([...files].reverse())).toEqual(zipOf(files));
  });
});

describe('contentHash', () => {
  it('tells any two sets of files apart, and knows no order', () => {
    const files = fc.uniqueArray(fc.record({ path: fc.string({ minLength: 1 }), text: fc.string() }), {
      selector: ({ path }) => path,
      maxLength: 4,
    });
    const key = (given: { path: string; text: string }[]) =>
      JSON.stringify(given.map(({ path, text }) => [path, text]).sort());
    const hash = (given: { path: string; text: string }[]) =>
      contentHash(given.map(({ path, text }) => file(path, text))).toString('hex');
    fc.assert(
      fc.property(files, files, (one, other) => {
        expect(hash([...one].reverse())).toBe(hash(one));
        expect(hash(one) === hash(other)).toBe(key(one) === key(other));
      }),
    );
    expect(hash([{ path: 'ab', text: 'c' }])).not.toBe(hash([{ path: 'a', text: 'bc' }]));
  });

  it('is one value for one folder on every machine', () => {
    expect(contentHash([file('index.js', 'x\n')]).toString('hex')).toBe(
      '85066c1b2b8a535e45527fedf3f72fa762aa17df5480f1aa107db851eee3485f',
    );
  });
});

describe('readFolder', () => {
  it('takes every file below, and neither times nor modes', () => {
    const bundle = join(folder, 'bundle');
    mkdirSync(join(bundle, 'lib'), { recursive: true });
    writeFileSync(join(bundle, 'lib', 'a.js'), 'a');
    writeFileSync(join(bundle, 'index.js'), 'i');
    const before = readFolder(bundle);
    expect(before).toEqual([file('index.js', 'i'), file('lib/a.js', 'a')]);
    utimesSync(join(bundle, 'index.js'), 1, 1);
    chmodSync(join(bundle, 'index.js'), 0o700);
    expect(zipOf(readFolder(bundle))).toEqual(zipOf(before));
  });

  it('refuses what is no file', () => {
    const bundle = join(folder, 'linked');
    mkdirSync(bundle);
    symlinkSync('/etc/hostname', join(bundle, 'index.js'));
    expect(() => readFolder(bundle)).toThrow(`${join(bundle, 'index.js')} is neither a file nor a folder`);
  });
});
