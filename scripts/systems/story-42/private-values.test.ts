import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawPassword, PrivateValues, type PrivatePlace } from './private-values';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'sluice-private-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = (place: Partial<PrivatePlace> = {}): PrivateValues =>
  new PrivateValues({ environment: 'dev', target: 'local', root, home: join(root, 'home'), env: {}, ...place });

function write(text: string, mode = 0o600): void {
  mkdirSync(join(root, 'environments/story-42'), { recursive: true });
  const file = join(root, 'environments/story-42/dev.secrets.env');
  writeFileSync(file, text);
  chmodSync(file, mode);
}

test('the shell wins over the file, and an empty variable is none', () => {
  write('# a comment\nSTORY42_GOOGLE_API_KEY="from the file"\nSTORY42_TTS_API_KEY=\n');
  expect(open().get('STORY42_GOOGLE_API_KEY')).toBe('from the file');
  expect(open({ env: { STORY42_GOOGLE_API_KEY: 'shell' } }).get('STORY42_GOOGLE_API_KEY')).toBe('shell');
  expect(open({ env: { STORY42_GOOGLE_API_KEY: '' } }).get('STORY42_GOOGLE_API_KEY')).toBe('from the file');
  expect(open().get('STORY42_TTS_API_KEY')).toBeUndefined();
  expect(open({ environment: 'prod' }).get('STORY42_GOOGLE_API_KEY')).toBeUndefined();
});

test.each(['your-google-api-key', '<key>', 'REPLACE_ME', 'change-me', '...'])(
  'the placeholder %s is refused and not repeated',
  (value) => {
    const values = open({ env: { STORY42_GOOGLE_API_KEY: value } });
    expect(() => values.get('STORY42_GOOGLE_API_KEY')).toThrow(
      'STORY42_GOOGLE_API_KEY in the shell is the placeholder of an example.',
    );
  },
);

test('the password of the documentation is good enough at home only', () => {
  const env = { STORY42_ADMIN_TEMP_PASSWORD: 'TempPassword123!' };
  expect(open({ env }).get('STORY42_ADMIN_TEMP_PASSWORD')).toBe('TempPassword123!');
  expect(() => open({ env, target: 'aws' }).get('STORY42_ADMIN_TEMP_PASSWORD')).toThrow('which everybody knows');
});

test('spaces around a value are a mistake of copying', () => {
  expect(() => open({ env: { STORY42_TTS_API_KEY: 'key ' } }).get('STORY42_TTS_API_KEY')).toThrow(
    'STORY42_TTS_API_KEY in the shell has spaces or line ends around it.',
  );
});

test('the private file: unknown names and other readers are refused', () => {
  write('STORY42_GOGLE_API_KEY=x\n');
  expect(() => open()).toThrow(
    /sets STORY42_GOGLE_API_KEY; allowed: STORY42_ADMIN_TEMP_PASSWORD, STORY42_ADMIN_PASSWORD, STORY42_GOOGLE_API_KEY, STORY42_TTS_API_KEY$/,
  );
  write('STORY42_GOOGLE_API_KEY=x\n', 0o644);
  expect(() => open()).toThrow('can be read by other users of this machine');
});

test('what a rehearsal keeps is its own: mode 0600, any signs, one name taken out at a time', () => {
  const odd = `a'b#c\\n$d`;
  open().keep('STORY42_ADMIN_TEMP_PASSWORD', 'first');
  open().keep('STORY42_ADMIN_PASSWORD', odd);
  expect(open().kept('STORY42_ADMIN_PASSWORD')).toBe(odd);
  expect(open().kept('STORY42_ADMIN_TEMP_PASSWORD')).toBe('first');
  const { keptFile } = open();
  expect(keptFile).toBe(join(root, 'home/secrets/story-42-dev.env'));
  expect(statSync(keptFile).mode & 0o777).toBe(0o600);
  open().keep('STORY42_ADMIN_PASSWORD', undefined);
  expect(open().kept('STORY42_ADMIN_PASSWORD')).toBeUndefined();
  expect(readFileSync(keptFile, 'utf8')).toBe("STORY42_ADMIN_TEMP_PASSWORD='first'\n");
  open().forget();
  expect(open().kept('STORY42_ADMIN_TEMP_PASSWORD')).toBeUndefined();
});

test('nothing is written down about AWS', () => {
  open().keep('STORY42_ADMIN_PASSWORD', 'local');
  const aws = open({ target: 'aws' });
  expect(aws.kept('STORY42_ADMIN_PASSWORD')).toBeUndefined();
  expect(() => aws.keep('STORY42_ADMIN_PASSWORD', 'x')).toThrow('in a rehearsal only');
});

test('a drawn password meets the rule of the pool and is never the same', () => {
  const drawn = Array.from({ length: 50 }, drawPassword);
  expect(new Set(drawn).size).toBe(50);
  for (const password of drawn) {
    for (const kind of [/[a-z]/, /[A-Z]/, /[0-9]/, /[-_]/, /^[\w-]{24,}$/]) expect(password).toMatch(kind);
  }
});
