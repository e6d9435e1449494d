/**
 * CommonJS mode: Nest 12 is ESM only, and Jest's ESM mode fails as soon as a CommonJS package requires Nest. So SWC turns our
 * sources and Nest's into CommonJS, and code under test has no `import.meta`. What breaks only as ESM shows when the e2e suite
 * starts dist/main.js.
 */
const swc = {
  swcrc: false,
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
  jsc: {
    target: 'es2022',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
};

const base = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  // Tests import from @jest/globals, so that the type check sees them.
  injectGlobals: false,
  restoreMocks: true,
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  moduleNameMapper: {
    '^@flagwire/protocol/(.*)$': '<rootDir>/packages/protocol/src/$1.ts',
    '^@flagwire/client$': '<rootDir>/packages/client/src/client.ts',
    '^@flagwire/client/(.*)$': '<rootDir>/packages/client/src/$1.ts',
    '^@flagwire/cli$': '<rootDir>/packages/cli/src/cli.ts',
    '^@flagwire/openfeature$': '<rootDir>/packages/openfeature/src/openfeature.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/packages/[^/]+/dist/', '<rootDir>/test/rules/fixtures/'],
  transform: { '\\.[cm]?[jt]s$': ['@swc/jest', swc] },
  transformIgnorePatterns: ['/node_modules/(?!(@nestjs|@flagwire)/)'],
};

export default {
  maxWorkers: 2,
  testTimeout: 60_000,
  reporters: ['default', ...['matrix', 'secrets', 'summary'].map((name) => `<rootDir>/test/reporters/${name}.cjs`)],
  projects: [
    {
      ...base,
      displayName: 'main',
      testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/packages/*/src/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/deadlines/'],
    },
    // These measure time, so they run alone: scripts/test.mjs starts them after the others have ended, one by one.
    { ...base, displayName: 'deadlines', testMatch: ['<rootDir>/test/deadlines/**/*.spec.ts'] },
  ],
};
