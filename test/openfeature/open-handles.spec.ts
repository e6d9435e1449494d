import { execFile } from 'node:child_process';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../support/project-root.js';
import { useServers } from '../support/use-servers.js';

/** It has to end because nothing is left: nobody calls `process.exit`. */
const PROGRAM = `
import { FlagwireProvider } from '@flagwire/openfeature';
import { OpenFeature } from '@openfeature/server-sdk';
const [, when, url, sdkKey] = process.argv;
const provider = new FlagwireProvider({ url, sdkKey, warn: () => undefined });
const close = async () => { await OpenFeature.close(); console.log('closed'); };
const ready = OpenFeature.setProviderAndWait(provider);
ready.catch(() => undefined);
if (when === 'on its way') setImmediate(close);
else ready.then(close, close);
`;

describe('OpenFeature.close()', () => {
  const start = useServers();
  let url: string;
  let key: string;

  beforeAll(async () => {
    const server = await start();
    url = server.url;
    ({ key } = await server.admin.createKey('production'));
  });

  it.each(['ready', 'on its way', 'refused'])('leaves nothing of the provider that keeps a process alive (%s)', async (when) => {
    const args = ['--input-type=module', '-e', PROGRAM, when, url, when === 'refused' ? 'fw_srv_nonsense' : key];
    const ran = await new Promise((resolve) => {
      execFile(process.execPath, args, { cwd: projectRoot(), timeout: 30_000 }, (error, stdout, stderr) =>
        resolve({ error, stdout, stderr }),
      );
    });
    expect(ran).toEqual({ error: null, stdout: 'closed\n', stderr: '' });
  });
});
