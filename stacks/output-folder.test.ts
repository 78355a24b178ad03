import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemNames } from '../environments/index';
import { environmentNames } from '../environments/schema';
import { buildApp } from './app';
import { writeStacks } from './output-folder';
import { withFolder } from './testing';

const write = (outdir: string, stacks?: string[]): void =>
  writeStacks(outdir, (scratch) => {
    const built = buildApp({
      outdir: scratch,
      target: 'local',
      home: outdir,
      root: outdir,
      stacks,
      placeholders: true,
    });
    built.app.synth();
    return built.stacks;
  });
const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath ?? e.path, e.name))
    .sort();

describe('writeStacks', () => {
  it('writes the same bytes every time, with no path or date of this machine in them', () => {
    withFolder((one) =>
      withFolder((other) => {
        write(one);
        write(other);
        const names = files(one).map((file) => file.slice(one.length));
        expect(files(other).map((file) => file.slice(other.length))).toEqual(names);
        for (const name of names) {
          const text = readFileSync(one + name, 'utf8');
          expect(text).toBe(readFileSync(other + name, 'utf8'));
          expect(text).not.toContain(one);
          expect(text).not.toContain(process.cwd());
        }
        expect(names).toEqual(
          [
            '/manifest.json',
            ...systemNames.flatMap((system) =>
              environmentNames.flatMap((environment) =>
                ['cdk.tf.json', 'checkov.skips.json', 'sluice.json'].map(
                  (file) => `/stacks/${system}-${environment}/${file}`,
                ),
              ),
            ),
          ].sort(),
        );
      }),
    );
  });

  it('leaves unchanged files and working folders alone, and no scratch behind', () => {
    withFolder((outdir) => {
      write(outdir, ['t3nets-dev']);
      const stack = join(outdir, 'stacks/t3nets-dev');
      const json = join(stack, 'cdk.tf.json');
      const then = new Date('2020-01-01T00:00:00Z');
      utimesSync(json, then, then);
      mkdirSync(join(stack, '.terraform'));
      writeFileSync(join(stack, '.terraform/terraform.tfstate'), 'kept');
      write(outdir);
      expect(statSync(json).mtime).toEqual(then);
      expect(readFileSync(join(stack, '.terraform/terraform.tfstate'), 'utf8')).toBe('kept');
      writeFileSync(json, '{}');
      write(outdir, ['t3nets-dev']);
      expect(readFileSync(json, 'utf8')).not.toBe('{}');
      expect(readdirSync(outdir).sort()).toEqual(['manifest.json', 'stacks']);
    });
  });

  it('removes its scratch when the synthesis fails', () => {
    withFolder((outdir) => {
      expect(() => write(outdir, ['nothing'])).toThrow('"nothing" is unknown');
      expect(readdirSync(outdir)).toEqual(['stacks']);
      expect(existsSync(join(outdir, 'manifest.json'))).toBe(false);
    });
  });
});
