/** Lint: mistakes the compiler does not see, and the direction of imports between the top folders. */
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

const zones = Object.entries(may).flatMap(([folder, allowed]) =>
  tops
    .filter((other) => other !== folder && !allowed.includes(other))
    .map((other) => ({
      target: `./${folder}`,
      from: `./${other}/**/*`,
      // The schema of a service's environment variables is imported by the stack that sets them.
      except: folder === 'stacks' && other === 'services' ? ['**/environment.ts'] : [],
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
      'import-x/no-restricted-paths': ['error', { zones, basePath: import.meta.dirname }],
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
