import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Check } from '../check.js';
import { projectRoot } from '../../support/project-root.js';

interface Manifest {
  type?: string;
  version?: string;
  exports?: unknown;
}

function json<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(projectRoot(), ...path), 'utf8')) as T;
}

const installed = (name: string) => json<Manifest>('node_modules', name, 'package.json');

const SHAPE = ['package.json', 'nest-cli.json', 'tsconfig.json', 'src', 'test', 'ormconfig.ts', 'Dockerfile', 'dist/main.js'];

interface Lock {
  packages: Record<string, { dev?: boolean; devOptional?: boolean; hasInstallScript?: boolean }>;
}

export const build: readonly Check[] = [
  {
    sentence: 'The server is an ES module',
    on: 'once',
    async run() {
      const { type } = json<Manifest>('package.json');
      assert.equal(type, 'module');
      const entry = readFileSync(join(projectRoot(), 'dist', 'main.js'), 'utf8');
      assert.match(entry, /^import /m);
      assert.doesNotMatch(entry, /\brequire\(/);
      return `"type": "module", dist/main.js has ${entry.match(/^import /gm)?.length ?? 0} imports and no require`;
    },
  },
  {
    sentence: 'It is built on Nest 12, and every Nest package is of version 12',
    on: 'once',
    async run() {
      const { dependencies } = json<{ dependencies: Record<string, string> }>('package.json');
      const nest = Object.keys(dependencies).filter((name) => name.startsWith('@nestjs/'));
      assert.ok(nest.length >= 3, nest.join(', '));
      const versions = nest.map((name) => `${name.slice(8)} ${installed(name).version}`);
      for (const version of versions) assert.match(version, / 12\./);
      return versions.join(', ');
    },
  },
  {
    sentence: 'It is written in TypeScript 6, strict',
    on: 'once',
    async run() {
      const { compilerOptions } = json<{ compilerOptions: Record<string, unknown> }>('tsconfig.json');
      const { strict, noUncheckedIndexedAccess, module } = compilerOptions;
      assert.deepEqual([strict, noUncheckedIndexedAccess, module], [true, true, 'nodenext']);
      const { version = '' } = installed('typescript');
      assert.match(version, /^6\./);
      return `typescript ${version}, strict, noUncheckedIndexedAccess, module nodenext`;
    },
  },
  {
    sentence: 'The files that were asked for stand at the top',
    on: 'once',
    async run() {
      assert.deepEqual(
        SHAPE.filter((path) => !existsSync(join(projectRoot(), path))),
        [],
      );
      return SHAPE.join(', ');
    },
  },
  {
    sentence: 'The server needs no package whose script has to run when it is installed',
    on: 'once',
    async run() {
      const { allowScripts } = json<{ allowScripts: Record<string, boolean> }>('package.json');
      const all = Object.entries(json<Lock>('package-lock.json').packages);
      const needed = all.filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true);
      const scripts = needed.filter(([, { hasInstallScript }]) => hasInstallScript === true);
      const names = scripts.map(([path]) => path.replace(/^.*node_modules\//, ''));
      assert.deepEqual(
        names.filter((name) => allowScripts[name] !== false),
        [],
      );
      return `${needed.length} packages; ${names.join(', ') || 'none'} with a script, which package.json does not allow to run`;
    },
  },
];
