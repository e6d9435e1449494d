/**
 * Who may import whom. A folder may import itself and what its line lists, and nothing else of this repository; packages from the
 * registry are another matter (see `external` below). Each rule has a fixture in test/rules/fixtures that breaks it.
 */
const MODULE = (folder) => `^src/${folder}/`;
const PROTOCOL = '^packages/protocol/src/';

const serverArrows = {
  common: [PROTOCOL],
  config: ['common'],
  database: ['config', 'common'],
  changes: ['database', 'config', 'common', PROTOCOL],
  auth: ['changes', 'database', 'config', 'common', PROTOCOL],
  // Of the others only that they are, and have read the log.
  workers: ['changes', 'config', 'common'],
  projects: ['auth', 'changes', 'workers', 'database', 'common', PROTOCOL],
  flags: ['auth', 'projects', 'changes', 'database', 'common', PROTOCOL],
  receipts: ['auth', 'projects', 'changes', 'database', 'config', 'common', PROTOCOL],
  // Of receipts only what is in memory: the rows are no concern of a transport.
  sync: ['^src/receipts/(ledger|client-)[^/]*$', 'changes', 'auth', 'config', 'common', PROTOCOL],
  polling: ['^src/receipts/(ledger|client-)[^/]*$', 'changes', 'auth', 'config', 'common', PROTOCOL],
  // Of sync only the hub and the session, and the module that provides them.
  evaluation: ['^src/sync/[^/]*(hub|session|module|vitals)[^/]*$', 'changes', 'auth', 'config', 'common', PROTOCOL],
  // Of sync, evaluation and receipts only the figures; of sync the hub gives them; that health asks it for nothing else is a rule in eslint.config.js.
  health: [
    'database',
    'changes',
    '^src/sync/[^/]*(hub|figures|module)[^/]*$',
    '^src/evaluation/evaluation(-figures|\\.module)[^/]*$',
    '^src/receipts/[^/]*(ledger|writer|module)[^/]*$',
    'workers',
    'config',
    'common',
  ],
  // Of the hub only how streams are opened, of health only what counts requests.
  front: [
    'polling',
    'evaluation',
    '^src/sync/(streams|sync\\.module)[^/]*$',
    '^src/health/(http\\.metrics|health\\.module)[^/]*$',
    'auth',
    'changes',
    'config',
    'common',
    PROTOCOL,
  ],
};

const packageArrows = {
  'packages/client': ['^packages/protocol/src/sync\\.ts$'],
  'packages/openfeature': ['^packages/client/', '^packages/protocol/src/sync\\.ts$'],
  'packages/cli': ['^packages/client/', PROTOCOL],
  // Its API types are generated into the console itself.
  console: ['^packages/client/'],
};

/** Our own files, without test/ and ormconfig.ts: those have rules of their own. */
const OURS = '^(src|packages|console|bench|scripts)/';
const TEST_CODE = '^test/|\\.(spec|fake)\\.ts$';
const FOLDERS = Object.keys(serverArrows).join('|');
const npm = (...names) => `(^|/)node_modules/(@types/)?(${names.join('|')})/`;

const only = (name, from, may) => ({
  name,
  severity: 'error',
  comment: `${from} imports itself and what its arrow lists, nothing else`,
  from: { path: from },
  to: { path: OURS, pathNot: [from, ...may] },
});

const arrows = [
  ...Object.entries(serverArrows).map(([folder, may]) =>
    only(
      `arrow-${folder}`,
      MODULE(folder),
      may.map((target) => (target.startsWith('^') ? target : MODULE(target))),
    ),
  ),
  ...Object.entries(packageArrows).map(([folder, may]) => only(`arrow-${folder.replace('packages/', '')}`, `^${folder}/`, may)),
  {
    name: 'arrow-protocol',
    severity: 'error',
    comment: 'The protocol runs in every runtime: no dependency, not even on Node',
    from: { path: '^packages/protocol/', pathNot: TEST_CODE },
    to: { pathNot: '^packages/protocol/' },
  },
  {
    name: 'arrow-app-module',
    severity: 'error',
    comment: 'app.module lists modules and holds no logic',
    from: { path: '^src/app\\.module\\.ts$' },
    to: { path: OURS, pathNot: '\\.module\\.ts$' },
  },
  {
    name: 'arrow-main',
    severity: 'error',
    comment: 'main only puts together: app.module, configuration, and the files beside it that start and stop the server',
    from: { path: '^src/main\\.ts$' },
    to: { path: OURS, pathNot: ['^src/[^/]+\\.ts$', MODULE('config'), MODULE('common')] },
  },
];

const borders = [
  {
    name: 'known-folder',
    severity: 'error',
    comment: 'A new folder in src needs its arrow first',
    from: { path: '^src/[^/]+/', pathNot: `^src/(${FOLDERS})/` },
    to: {},
  },
  {
    name: 'ormconfig-to-src-only',
    severity: 'error',
    comment: 'ormconfig.ts is for a command line; imported from src it would move the build to dist/src',
    from: { path: '^(src|packages)/' },
    to: { path: '^ormconfig\\.ts$' },
  },
  {
    name: 'protocol-by-its-entries',
    severity: 'error',
    from: { pathNot: '^packages/protocol/' },
    to: { path: PROTOCOL, pathNot: '^packages/protocol/src/(sync|admin)\\.ts$' },
  },
  {
    name: 'entities-on-the-write-side',
    severity: 'error',
    comment: 'The modules that own entities may use each other’s along their arrows; everybody else reads from the replica',
    from: { path: '^src/', pathNot: '^src/(auth|projects|flags|changes|receipts)/' },
    to: { path: '\\.entity\\.ts$' },
  },
  {
    name: 'transport-without-database',
    severity: 'error',
    from: { path: '^src/(sync|polling|evaluation)/' },
    to: { path: npm('typeorm', '@nestjs/typeorm', 'pg', 'libsql') },
  },
  {
    name: 'product-without-tests',
    severity: 'error',
    comment: 'dist/ holds neither specs nor fakes',
    from: { path: OURS, pathNot: [TEST_CODE, '^bench/'] },
    to: { path: TEST_CODE },
  },
  {
    name: 'checker-is-a-stranger',
    severity: 'error',
    comment: 'What judges a cluster under faults, and its own clients, share no line with the product, not even by way of others',
    from: { path: '^test/faults/cluster/(judge|history|record|truth|database|raw-client|writer)\\.ts$' },
    to: { path: '^(src|packages)/', reachable: true },
  },
  {
    name: 'client-in-every-runtime',
    severity: 'error',
    comment: 'The core of the SDK runs in browsers too',
    from: { path: '^packages/client/src/', pathNot: [TEST_CODE, '^packages/client/src/node/'] },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'client-without-nest',
    severity: 'error',
    comment: 'Nest is an optional peer of the SDK: only its entry for Nest imports it',
    from: { path: '^packages/client/src/', pathNot: '^packages/client/src/nest(/|\\.ts$)' },
    to: { path: [npm('@nestjs/[^/]+'), '^packages/client/src/nest(/|\\.ts$)'] },
  },
  { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
];

const external = [
  { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  {
    name: 'product-without-dev-dependencies',
    severity: 'error',
    comment: 'The image is installed with --omit=dev',
    from: { path: '^(src|packages)/', pathNot: TEST_CODE },
    to: {
      dependencyTypes: ['npm-dev', 'npm-no-pkg'],
      dependencyTypesNot: ['npm-peer', 'type-only', 'triple-slash-type-reference'],
    },
  },
];

export default {
  forbidden: [...arrows, ...borders, ...external],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^test/rules/fixtures/', '^dist/', '^packages/[^/]+/dist/'] },
    // Imports of types count too: a type is knowledge of another module.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
