import js from '@eslint/js';
import jest from 'eslint-plugin-jest';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

import { noTypeOnlyInjection } from './scripts/lint/no-type-only-injection.js';

/** `no-restricted-syntax` is one rule and a later block replaces an earlier one, so each block lists all that holds for it. */
const everywhere = [
  {
    selector: ":matches(ImportSpecifier[imported.name='forwardRef'], MemberExpression[property.name='forwardRef'])",
    message: 'No forwardRef: two modules that need each other are one module, or hide a third.',
  },
  {
    selector: "MethodDefinition[kind='constructor'] > FunctionExpression[params.length>5]",
    message: 'At most five constructor parameters: a sixth says that the class is two.',
  },
];
const product = [
  ...everywhere,
  {
    selector: "MemberExpression[object.name='Scope'][property.name='REQUEST']",
    message: 'No request scope: it rebuilds every dependant for each request.',
  },
  {
    selector: 'PropertyDefinition[static=true][readonly!=true]',
    message: 'No static state: two servers in one process would share it.',
  },
  {
    selector: "ImportDeclaration[source.value=/^(node:)?process$/] ImportSpecifier[imported.name='env']",
    message: 'Only src/config reads process.env.',
  },
];
const noEntity = {
  selector: "Decorator[expression.callee.name='Entity']",
  message: 'An entity lives in an *.entity.ts file of the module that owns it: auth, projects, flags, changes or receipts.',
};
const onlyFigures = {
  selector:
    ":matches(MemberExpression[object.name=/hub$/i], MemberExpression[object.property.name=/hub$/i])[property.name!='figures']",
  message: 'Of the hub, health sees the figures only.',
};
const noBarrel = { selector: 'Program', message: 'No barrel and no drawer in src: import the file that holds the thing.' };

/** The rules for a tree shaped like this repository that stands at `root`; test/rules/fixtures is such a tree. */
export const rulesFor = (root) =>
  defineConfig(
    {
      extends: [js.configs.recommended],
      linterOptions: { reportUnusedDisableDirectives: 'error' },
      rules: { eqeqeq: ['error', 'always', { null: 'ignore' }], 'max-lines': ['error', 399] },
    },
    {
      files: ['**/*.{js,mjs,cjs}'],
      languageOptions: {
        globals: Object.fromEntries(
          [
            'console',
            'process',
            'URL',
            'setTimeout',
            'clearTimeout',
            'setInterval',
            'clearInterval',
            'fetch',
            'AbortController',
            'performance',
          ].map((name) => [name, 'readonly']),
        ),
      },
    },
    { files: ['examples/*/page/*.js'], languageOptions: { globals: { document: 'readonly', localStorage: 'readonly' } } },
    { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs' } },
    {
      files: ['**/*.ts'],
      extends: [tseslint.configs.recommendedTypeChecked],
      languageOptions: { parserOptions: { project: 'tsconfig.check.json', tsconfigRootDir: root } },
      plugins: { flagwire: { rules: { 'no-type-only-injection': noTypeOnlyInjection } } },
      rules: {
        // `consistent-type-imports` stays off for good: its fix turns the import of an injected class into one that Nest cannot see.
        'flagwire/no-type-only-injection': 'error',
        '@typescript-eslint/switch-exhaustiveness-check': [
          'error',
          { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true },
        ],
        '@typescript-eslint/no-unused-vars': [
          'error',
          { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
        ],
        // A port that promises may well be answered by something that need not wait.
        '@typescript-eslint/require-await': 'off',
        'no-restricted-syntax': ['error', ...everywhere],
      },
    },
    {
      files: ['src/**/*.ts', 'packages/*/src/**/*.ts'],
      ignores: ['**/*.spec.ts'],
      rules: {
        'no-console': 'error',
        'no-restricted-properties': [
          'error',
          { object: 'process', property: 'env', message: 'Only src/config reads process.env.' },
        ],
        'no-restricted-syntax': ['error', ...product, noEntity],
      },
    },
    {
      files: ['src/{auth,projects,flags,changes,receipts}/**/*.entity.ts'],
      rules: { 'no-restricted-syntax': ['error', ...product] },
    },
    {
      files: ['src/health/**/*.ts'],
      ignores: ['**/*.spec.ts'],
      rules: { 'no-restricted-syntax': ['error', ...product, noEntity, onlyFigures] },
    },
    // What fails before there is a logger.
    { files: ['src/run.ts'], rules: { 'no-console': 'off' } },
    { files: ['src/config/**/*.ts'], rules: { 'no-restricted-properties': 'off' } },
    // Where the command line gets its secrets from.
    { files: ['packages/cli/src/environment.ts'], rules: { 'no-restricted-properties': 'off' } },
    { files: ['src/**/{index,utils,helpers}.ts'], rules: { 'no-restricted-syntax': ['error', noBarrel] } },
    {
      files: ['**/*.spec.ts', 'test/**/*.ts'],
      extends: [jest.configs['flat/recommended']],
      rules: {
        'jest/no-disabled-tests': 'error',
        'jest/no-commented-out-tests': 'error',
        // A helper that expects on behalf of several tests is named expect…, or sits on an object as .expect…
        'jest/expect-expect': ['error', { assertFunctionNames: ['expect*', '**.expect*'] }],
      },
    },
    // What judges a cluster under faults shares no line with it; what it needs by way of others is a rule of dependency-cruiser's.
    {
      files: ['test/faults/cluster/**/*.ts'],
      ignores: ['test/faults/cluster/sdk-client.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                regex: '^@flagwire/|/(src|dist|packages)/',
                message: 'The checker is a stranger to the product: only sdk-client.ts uses the SDK.',
              },
            ],
          },
        ],
      },
    },
    // Published standards, kept word for word.
    { files: ['**/schemas/*.schema.ts'], rules: { 'max-lines': 'off' } },
    // A contract suite is a function that test files call, so it exports tests.
    { files: ['test/**/*.ts'], ignores: ['**/*.spec.ts'], rules: { 'jest/no-export': 'off' } },
  );

export default defineConfig(
  globalIgnores(['**/dist/', 'coverage/', 'data/', 'bench/results/', 'test/rules/fixtures/']),
  rulesFor(import.meta.dirname),
);
