import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

/** The command of an image as a process, as its user where this one may choose. */
export class Container {
  output = '';

  constructor(image, env) {
    const [program, ...args] = image.command;
    const [uid, gid] = image.user;
    this.identity = process.getuid() === 0 ? { uid, gid } : {};
    this.image = image;
    this.env = { ...image.env, ...env };
    this.child = spawn(program, args, { cwd: image.cwd, env: this.env, ...this.identity, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (chunk) => (this.output += chunk));
    this.ended = once(this.child, 'close').then(([code, signal]) => (this.end = code ?? signal));
  }

  get url() {
    return `http://127.0.0.1:${this.env.PORT}`;
  }

  /** Runs the image's health check until it says yes. @throws Error where it does not within 30 s. */
  async healthy() {
    const [program, ...args] = this.image.health;
    for (let tries = 0; tries < 150 && this.end === undefined; tries += 1) {
      const options = { cwd: this.image.cwd, env: this.env, ...this.identity, timeout: 3000 };
      if (spawnSync(program, args, options).status === 0) return;
      await pause(200);
    }
    throw new Error(`not healthy in time (${this.end ?? 'running'}):\n${this.output}`);
  }

  /** Runs a command beside it, as in `docker exec`. @returns what it prints. @throws Error where it fails. */
  exec(args, env = {}) {
    const options = { cwd: this.image.cwd, env: { ...this.env, ...env }, ...this.identity, timeout: 30_000, encoding: 'utf8' };
    const { status, stdout, stderr } = spawnSync('node', args, options);
    if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}:\n${stderr}`);
    return stdout;
  }

  async ready() {
    await this.healthy();
    for (let tries = 0; tries < 150; tries += 1) {
      if ((await fetch(`${this.url}/health/ready`)).ok) return;
      await pause(100);
    }
    throw new Error(`not ready in time:\n${this.output}`);
  }

  /** @returns the exit code, after SIGTERM. @throws Error where it does not end within `ms`. */
  async stop(ms) {
    this.child.kill('SIGTERM');
    const late = pause(ms, null, { ref: false }).then(() => {
      throw new Error(`not ended within ${ms} ms:\n${this.output}`);
    });
    return Promise.race([this.ended, late]);
  }

  kill() {
    if (this.end === undefined) this.child.kill('SIGKILL');
  }
}
