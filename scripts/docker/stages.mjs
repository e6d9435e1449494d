import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import ignore from '@balena/dockerignore';

const BASE = /^node:24(-slim)?$/;

/** Every path that a pattern without `**` names below `root`, as Docker expands it. */
function expand(root, pattern) {
  const match = (name, part) => new RegExp(`^${part.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`).test(name);
  return pattern.split('/').reduce(
    (folders, part) =>
      folders.flatMap((folder) => {
        if (!part.includes('*')) return existsSync(join(folder, part)) ? [join(folder, part)] : [];
        return readdirSync(folder).flatMap((name) => (match(name, part) ? [join(folder, name)] : []));
      }),
    [root],
  );
}

/** Does the stages of a Dockerfile in folders below `base`, one that stands for `/` in each; `environment` is what the base image would give. */
export class Stages {
  #done = new Map();
  #mayEnter;

  constructor(context, base, environment, log) {
    Object.assign(this, { context, base, environment, log });
    this.#mayEnter = ignore().add(readFileSync(join(context, '.dockerignore'), 'utf8'));
  }

  /** @returns the stage's folder, and what its image would say of how it is run. */
  build({ name, from, steps }) {
    const parent = this.#done.get(from);
    if (parent === undefined && !BASE.test(from)) throw new Error(`FROM ${from}: neither a stage nor Node.js 24`);
    const root = join(this.base, `stage-${name}`);
    mkdirSync(root);
    if (parent !== undefined) cpSync(parent.root, root, { recursive: true, verbatimSymlinks: true });
    const image = { root, cwd: root, env: { ...(parent?.env ?? this.environment) }, volumes: [], ports: [], user: null };
    if (parent !== undefined) image.cwd = join(root, relative(parent.root, parent.cwd));
    for (const step of steps) this.#do(step, image);
    this.#done.set(name, image);
    return image;
  }

  #do(step, image) {
    const { keyword, args } = step;
    this.log(`${keyword} ${step.command ?? args.join(' ')}`);
    switch (keyword) {
      case 'WORKDIR':
        image.cwd = join(image.root, args[0]);
        mkdirSync(image.cwd, { recursive: true });
        return;
      case 'ENV':
        Object.assign(image.env, Object.fromEntries(step.pairs));
        return;
      case 'USER':
        if (!/^\d+:\d+$/.test(args[0])) throw new Error(`line ${step.line}: USER by number, as in 1000:1000`);
        image.user = args[0].split(':').map(Number);
        return;
      case 'COPY':
        return this.#copy(step, image);
      case 'RUN':
        return this.#run(step, image);
      case 'VOLUME':
        image.volumes.push(join(image.root, args[0]));
        return;
      case 'EXPOSE':
        image.ports.push(...args.map(Number));
        return;
      case 'HEALTHCHECK':
        image.health = step.exec;
        return;
      case 'CMD':
        image.command = step.exec;
        return;
      default:
        throw new Error(`line ${step.line}: ${keyword} is not known here`);
    }
  }

  #run({ command, line }, { cwd, env }) {
    const { status } = spawnSync('/bin/sh', ['-c', command], { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) throw new Error(`line ${line}: RUN ended with ${status}`);
  }

  #copy({ args, flags, line }, { root, cwd }) {
    const source = flags.from === undefined ? { root: this.context } : this.#done.get(flags.from);
    if (source === undefined) throw new Error(`line ${line}: there is no stage ${flags.from}`);
    const goal = args.at(-1);
    const target = goal.startsWith('/') ? join(root, goal) : join(cwd, goal);
    const sources = args.slice(0, -1).flatMap((pattern) => expand(source.root, pattern.replace(/^\//, '')));
    if (sources.length === 0) throw new Error(`line ${line}: nothing is copied`);
    const enters = (path) => path === this.context || !this.#mayEnter.ignores(relative(this.context, path));
    const filter = flags.from === undefined ? enters : () => true;
    for (const path of sources) {
      if (!filter(path)) throw new Error(`line ${line}: .dockerignore keeps ${path} out`);
      // A folder's content goes in; a file goes into what ends in a slash.
      const to = statSync(path).isFile() && goal.endsWith('/') ? join(target, basename(path)) : target;
      mkdirSync(dirname(to), { recursive: true });
      cpSync(path, to, { recursive: true, verbatimSymlinks: true, filter });
    }
  }
}
