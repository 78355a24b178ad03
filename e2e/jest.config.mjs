/** End-to-end tests: each file brings up what it needs on a local cloud of its own. Files are independent of each other. */
export default {
  rootDir: '..',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/e2e/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/.sluice/', '<rootDir>/cdktf.out/'],
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
  testTimeout: 900_000,
  // Most of the time is waiting inside the provider, so two files at once fit on two cores.
  maxWorkers: 2,
  forceExit: true,
  verbose: true,
};
