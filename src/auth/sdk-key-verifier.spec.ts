import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { InvalidInput } from '../common/errors.js';
import { SystemRandom } from '../common/random.js';
import { ADMIN_TOKEN, ENV, KeyNodes } from './key-nodes.fake.js';
import { drawSecret } from './secret-format.js';

describe('a key at the door', () => {
  const nodes = new KeyNodes();
  beforeEach(() => nodes.open());
  afterEach(() => nodes.close());

  it('may be sent in any way, also twice', async () => {
    const node = nodes.start();
    const { secret } = await node.make();
    const credentials = { authorization: `bearer ${secret}`, apiKey: secret, queryKey: secret, ticket: '' };
    await expect(node.verifier.verify(credentials, undefined)).resolves.toMatchObject({
      environmentId: ENV,
      viaTicket: false,
      filter: null,
    });
  });

  it('must not be two', async () => {
    const node = nodes.start();
    const [{ secret: queryKey }, { secret: apiKey }] = [await node.make(), await node.make()];
    await expect(node.verifier.verify({ queryKey, apiKey }, undefined)).rejects.toThrow(InvalidInput);
    await expect(node.verifier.verify({ apiKey, ticket: 'fw_tkt_a.b' }, undefined)).rejects.toThrow(InvalidInput);
  });

  it.each([
    ['nothing', '', 'missing_credential'],
    ['another text', 'hello', 'malformed_key'],
    ['the admin token of the settings', ADMIN_TOKEN, 'wrong_credential_kind'],
    ['an admin token', drawSecret('admin', new SystemRandom()).text, 'wrong_credential_kind'],
    ['a ticket', 'fw_tkt_abc.def', 'wrong_credential_kind'],
  ])('is not %s', async (_, secret, code) => {
    expect(await nodes.start().knock(secret)).toBe(code);
  });

  it('of clients are shown another door', async () => {
    const node = nodes.start();
    const { secret } = await node.make({ kind: 'client' });
    await expect(node.verifier.verify({ apiKey: secret }, undefined)).rejects.toMatchObject({
      code: 'client_key_forbidden',
      message: expect.stringContaining('/ofrep/v1'),
    });
    await expect(node.verifier.identify({ apiKey: secret })).resolves.toMatchObject({ kind: 'client' });
  });

  it('must list the origin of a page', async () => {
    const node = nodes.start();
    const { secret } = await node.make({ allowedOrigins: ['https://a.example'] });
    expect(await node.knock(secret, 'https://a.example')).toBe('ok');
    expect(await node.knock(secret, 'https://b.example')).toBe('origin_not_allowed');
    expect(await node.knock(secret, 'null')).toBe('origin_not_allowed');
  });

  it('must be of the environment that env names', async () => {
    const node = nodes.start();
    const { secret } = await node.make();
    expect(await node.knock(secret, undefined, 'staging')).toBe('ok');
    expect(await node.knock(secret, undefined, '')).toBe('ok');
    expect(await node.knock(secret, undefined, 'production')).toBe('wrong_environment');
  });

  it('open preflights for their origins as long as they live', async () => {
    const node = nodes.start();
    const { key, secret } = await node.make({ allowedOrigins: ['https://a.example'] });
    await node.knock(secret);
    expect(node.ring.anyLiveKeyAllows('https://a.example')).toBe(true);
    expect(node.ring.anyLiveKeyAllows('https://b.example')).toBe(false);
    await node.revoke(key.id);
    await node.nextDeath();
    expect(node.ring.anyLiveKeyAllows('https://a.example')).toBe(false);
  });
});
