/** End-to-end tests: each file brings up what it needs on a local cloud of its own. One at a time, in this order. */
export default {
  rootDir: '..',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/e2e/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/.sluice/', '<rootDir>/cdktf.out/'],
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
  testTimeout: 900_000,
  forceExit: true,
  verbose: true,
};
