/** Lint: mistakes the compiler does not see, and the direction of imports between the top folders. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const may = {
  // Everything under the key may import itself and the folders listed here.
  environments: [],
  modules: [],
  stacks: ['modules', 'environments'],
  services: [],
  scripts: ['environments'],
};

const tops = ['environments', 'modules', 'stacks', 'services', 'scripts', 'e2e', 'bench'];

const foldersOf = (path) =>
  readdirSync(join(import.meta.dirname, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/** A service imports itself, what its system's services share, and what all services share. */
const serviceZones = foldersOf('services')
  .filter((system) => system !== 'common')
  .flatMap((system) =>
    foldersOf(`services/${system}`)
      // The reference is made of the schemas of all services of its system.
      .filter((service) => service !== 'api-reference')
      .map((service) => ({
        target: `./services/${system}/${service}`,
        from: './services',
        except: [...new Set([`./${system}/${service}`, `./${system}/common`, './common'])],
        message: `A service imports itself, services/${system}/common and services/common (docs/architecture.md).`,
      })),
  );

const layerZones = Object.entries(may).flatMap(([folder, allowed]) =>
  tops
    .filter((other) => other !== folder && !allowed.includes(other))
    .map((other) => ({
      target: `./${folder}`,
      from: `./${other}/**/*`,
      // The schema of a service's environment variables is imported by the stack that sets them, as are a system's routes.
      except: folder === 'stacks' && other === 'services' ? ['**/environment.ts', '**/common/routes.ts'] : [],
      message: `${folder}/ does not import from ${other}/ (docs/architecture.md, "Direction of imports").`,
    })),
);

export default tseslint.config(
  { ignores: ['node_modules/', 'cdktf.out/', '.sluice/', '**/dist/'] },
  ...tseslint.configs.recommended,
  {
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver': { node: { extensions: ['.ts', '.mjs', '.js', '.json'] } } },
    rules: {
      'import-x/no-restricted-paths': [
        'error',
        { zones: [...layerZones, ...serviceZones], basePath: import.meta.dirname },
      ],
      'import-x/no-cycle': ['error', { maxDepth: 6 }],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: '@cdktf/provider-aws', message: 'Import the class: @cdktf/provider-aws/lib/<type>.' },
            { name: '@cdktn/provider-aws', message: 'Import the class: @cdktf/provider-aws/lib/<type>.' },
          ],
        },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 400 }],
    },
  },
  { files: ['**/*.test.ts'], rules: { 'max-lines': 'off' } },
);
