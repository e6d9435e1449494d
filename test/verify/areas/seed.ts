import assert from 'node:assert/strict';
import { eventually } from '../../support/wait.js';
import { type FlagDefinition } from '../../support/wire-types.js';
import { type Check } from '../check.js';
import { PATIENCE_MS } from '../patience.js';
import { FlagSyncClient } from '../seed-client.js';

export const seed: readonly Check[] = [
  {
    sentence: "The specification's own client follows create, update, toggle, delete and a restart of the server",
    async run(bench) {
      const server = await bench.restartable();
      const work = await bench.workspace(server);
      await work.flag('early');
      const client = new FlagSyncClient();
      bench.defer(() => client.close());
      client.connect(`${server.url}/sdk/stream?key=${work.key.key}`);
      const until = (what: string, id: string, fits: (flag: FlagDefinition | undefined) => boolean) =>
        eventually(() => fits(client.flags.get(id)), { timeoutMs: PATIENCE_MS, what });
      await until('the first sync', 'early', (flag) => flag?.status === 'enabled');
      await work.flag('late');
      await until('create', 'late', (flag) => flag !== undefined);
      await work.admin.patchFlag('late', { name: 'Renamed' }, work.at);
      await until('update', 'late', (flag) => flag?.name === 'Renamed');
      await work.edit('late', { status: 'disabled' });
      await until('toggle', 'late', (flag) => flag?.status === 'disabled');
      await work.admin.archive('early', work.at);
      await until('delete', 'early', (flag) => flag === undefined);
      await server.restart();
      await work.edit('late', { default_variant: 'on' });
      await until('what changed after the restart', 'late', (flag) => flag?.default_variant === 'on');
      assert.deepEqual([...client.flags.keys()], ['late']);
      assert.ok(client.drops > 0);
      const live = ['FlagCreated', 'FlagUpdated', 'FlagStatusChanged', 'FlagDeleted'];
      assert.deepEqual(
        live.filter((type) => !client.types.includes(type)),
        [],
      );
      return `${live.join(', ')}; ${client.drops} drops, ${client.sources} sources, then late: ${client.flags.get('late')?.default_variant}`;
    },
  },
];
