import { type AdminAnswer, type AdminClient, type EnvironmentEdit, type FlagChange } from '../../support/admin-client.js';
import { type TestServer } from '../../support/server.js';
import { type FlagDefinition } from '../../support/wire-types.js';

export const ON: EnvironmentEdit = { status: 'enabled' };
export const OFF: EnvironmentEdit = { status: 'disabled' };

let drawn = 0;

/**
 * A project of its own with the environment `main` and a key to it, so that tests share a server and nothing else. Each
 * write gives the cursor of `main` (or of the environment named) after it.
 */
export class Stage {
  private constructor(
    readonly server: TestServer,
    readonly project: string,
    readonly main: string,
    readonly key: string,
  ) {}

  /** @param project where the flags of an existing one are to be shared: then only the environment is new. */
  static async open(server: TestServer, project?: string): Promise<Stage> {
    drawn += 1;
    const own = project ?? `project-${drawn}`;
    if (project === undefined) await server.admin.createProject(own);
    const main = `main-${drawn}`;
    await server.admin.createEnvironment(main, { project: own });
    const { key } = await server.admin.createKey(main, 'server', {}, { project: own });
    return new Stage(server, own, main, key);
  }

  /** Another environment of the project, with its key. */
  async addEnvironment(name: string): Promise<string> {
    await this.admin.createEnvironment(name, { project: this.project });
    return (await this.admin.createKey(name, 'server', {}, { project: this.project })).key;
  }

  get admin(): AdminClient {
    return this.server.admin;
  }

  async create(id: string, fields: object = {}): Promise<string> {
    return this.#cursor(await this.admin.createFlag(id, fields, { project: this.project }));
  }

  /** Project-wide fields. */
  async patch(id: string, fields: object): Promise<string> {
    return this.#cursor(await this.admin.patchFlag(id, fields, { project: this.project }));
  }

  async edit(id: string, edit: EnvironmentEdit, environment: string = this.main): Promise<string> {
    return this.#cursor(await this.admin.patchEnv(id, environment, edit, { project: this.project }), environment);
  }

  async archive(id: string): Promise<string> {
    return this.#cursor(await this.admin.archive(id, { project: this.project }));
  }

  async restore(id: string): Promise<string> {
    return this.#cursor(await this.admin.restore(id, { project: this.project }));
  }

  /** One revision, all or nothing. */
  async set(changes: FlagChange[]): Promise<string> {
    return this.#cursor(await this.admin.changeSet(this.main, changes, { project: this.project }));
  }

  /** Toggles one flag again and again: the cursors of the `count` revisions. */
  async toggle(id: string, count: number, environment: string = this.main): Promise<string[]> {
    const { status } = (await this.admin.getEnv(id, environment, { project: this.project })).body;
    const cursors: string[] = [];
    for (let done = 0; done < count; done += 1) {
      const on = (status === 'enabled') !== (done % 2 === 0);
      cursors.push(await this.edit(id, on ? ON : OFF, environment));
    }
    return cursors;
  }

  /** The environment's flags as the admin API knows them. */
  async truth(environment: string = this.main): Promise<Map<string, FlagDefinition>> {
    const path = `/api/projects/${this.project}/flags?limit=100&archived=false`;
    const { items } = (await this.admin.call<{ items: { id: string }[] }>('GET', path)).body;
    const flags = await Promise.all(items.map(({ id }) => this.admin.getEnv(id, environment, { project: this.project })));
    return new Map(flags.map(({ body }) => [body.id, body]));
  }

  #cursor({ cursors }: AdminAnswer, environment: string = this.main): string {
    const cursor = cursors[environment];
    if (cursor === undefined) throw new Error(`no cursor of ${environment} in ${JSON.stringify(cursors)}`);
    return cursor;
  }
}
