/** Unit tests: everything beside its source, nothing that needs the local cloud (those are in `e2e/`). */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/e2e/', '<rootDir>/.sluice/', '<rootDir>/cdktf.out/'],
  modulePathIgnorePatterns: ['<rootDir>/.sluice/', '<rootDir>/cdktf.out/'],
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
};
