import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/wait.js';
import { FakeFeed } from '../changes/change-feed.fake.js';
import { type DomainError } from '../common/errors.js';
import { ENV, type KeyNode, KeyNodes } from './key-nodes.fake.js';

const DAY_MS = 24 * 3600 * 1000;

describe('a stream token', () => {
  const nodes = new KeyNodes();
  let node: KeyNode;
  let principal: { keyId: string; environmentId: string };

  beforeEach(async () => {
    await nodes.open();
    node = nodes.start();
    const { key } = await node.make({ kind: 'client' });
    principal = { keyId: key.id, environmentId: ENV };
    node.hear();
  });
  afterEach(() => nodes.close());

  const issue = (at: KeyNode = node) => at.streamTokens.issue(principal, at.streamTokens.day);
  /** `ok`, or the code of the refusal. */
  const present = (token: string, at: KeyNode = node) =>
    at.streamTokens.verify(token).then(
      () => 'ok',
      (error: unknown) => (error as DomainError).code,
    );

  it('is the same all day and from every node, and good on each, any number of times', async () => {
    const token = await issue();
    expect(token).toMatch(/^fw_evt_[\w-]+\.[\w-]{43}$/);
    const other = nodes.start();
    expect([await issue(), await issue(other)]).toEqual([token, token]);
    expect([await present(token), await present(token), await present(token, other)]).toEqual(['ok', 'ok', 'ok']);
  });

  it('is another one the next day, when the old one is good still, and no longer on the day after', async () => {
    const token = await issue();
    node.clock.time += DAY_MS;
    expect(await issue()).not.toBe(token);
    expect(await present(token)).toBe('ok');
    node.clock.time += DAY_MS;
    expect(await present(token)).toBe('expired_stream_token');
  });

  it('may come from a node whose clock is ahead at midnight, and not from one that is further', async () => {
    const { day } = node.streamTokens;
    expect(await present(await node.streamTokens.issue(principal, day + 1))).toBe('ok');
    expect(await present(await node.streamTokens.issue(principal, day + 2))).toBe('expired_stream_token');
  });

  it('dies with its key', async () => {
    const token = await issue();
    expect(await present(token)).toBe('ok');
    await node.revoke(principal.keyId);
    await node.nextDeath();
    expect(await present(token)).toBe('revoked_key');
  });

  it('cannot be made up, changed, or made from a ticket', async () => {
    const token = await issue();
    const [body = '', signature = ''] = token.split('.');
    const { ticket } = await node.tickets.issue(principal.keyId, null);
    expect(await present(`${body}x.${signature}`)).toMatch(/^(unknown|malformed)_stream_token$/);
    expect(await present(`${body}.${'A'.repeat(43)}`)).toBe('unknown_stream_token');
    expect(await present(ticket)).toBe('malformed_stream_token');
    expect(await present(ticket.replace('fw_tkt_', 'fw_evt_'))).toMatch(/^(unknown|malformed)_stream_token$/);
    expect(await present('x'.repeat(1000))).toBe('malformed_stream_token');
    await expect(node.tickets.verify(token.replace('fw_evt_', 'fw_tkt_'))).rejects.toThrow('ticket');
  });

  it('is another one where the database was restored and signs with another secret, and the old one is unknown', async () => {
    const token = await issue();
    await node.database.write((manager) => manager.query(`UPDATE server_secret SET value = '${'ab'.repeat(32)}'`));
    node.feed.updates.next({ kind: 'reset', replica: new FakeFeed().present });
    await eventually(async () => expect(await issue()).not.toBe(token));
    expect(await present(token)).toBe('unknown_stream_token');
    expect(await present(await issue())).toBe('ok');
  });
});
