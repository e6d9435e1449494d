import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DomainError } from '../common/errors.js';
import { ENV, type KeyNode, KeyNodes } from './key-nodes.fake.js';

describe('tickets', () => {
  const nodes = new KeyNodes();
  beforeEach(() => nodes.open());
  afterEach(() => nodes.close());

  const open = (node: KeyNode, ticket: string) =>
    node.verifier.verify({ ticket }, undefined).then(
      (principal) => principal,
      (error: unknown) => (error as DomainError).code,
    );

  it('stand for the key, with its filter, for any number of connects', async () => {
    const node = nodes.start();
    const { key } = await node.make();
    const { ticket, expiresIn } = await node.tickets.issue(key.id, {
      canonical: 'a,b.*',
      ids: new Set(['a']),
      prefixes: ['b.'],
    });
    expect(expiresIn).toBe(3600);
    for (let connect = 0; connect < 3; connect++) {
      expect(await open(node, ticket)).toMatchObject({
        keyId: key.id,
        environmentId: ENV,
        viaTicket: true,
        filter: { canonical: 'a,b.*' },
      });
    }
  });

  it('are good on every node of the database', async () => {
    const [first, second] = [nodes.start(), nodes.start()];
    const { key } = await first.make();
    const { ticket } = await first.tickets.issue(key.id, null);
    expect(await open(second, ticket)).toMatchObject({ keyId: key.id, filter: null });
  });

  it('sign alike on nodes that make the secret at the same time', async () => {
    const signers = [nodes.start(), nodes.start(), nodes.start()];
    const reader = nodes.start();
    const { key } = await reader.make();
    const issued = await Promise.all(signers.map((signer) => signer.tickets.issue(key.id, null)));
    for (const { ticket } of issued) expect(await open(reader, ticket)).toMatchObject({ keyId: key.id });
  });

  it('end after an hour', async () => {
    const node = nodes.start();
    const { key } = await node.make();
    const { ticket } = await node.tickets.issue(key.id, null);
    node.clock.time += 3_600_000;
    expect(await open(node, ticket)).toBe('expired_ticket');
  });

  it('end with their key', async () => {
    const node = nodes.start();
    const { key } = await node.make();
    const { ticket } = await node.tickets.issue(key.id, null);
    await node.revoke(key.id);
    await node.nextDeath();
    expect(await open(node, ticket)).toBe('revoked_key');
  });

  it('never outlive their key', async () => {
    const node = nodes.start();
    const { key } = await node.make({ expiresAt: '2026-06-01T00:10:00Z' });
    expect(await node.tickets.issue(key.id, null)).toMatchObject({ expiresIn: 600 });
  });

  it('cannot be changed', async () => {
    const node = nodes.start();
    const { key } = await node.make();
    const { ticket } = await node.tickets.issue(key.id, { canonical: 'a', ids: new Set(['a']), prefixes: [] });
    const [body = '', signature = ''] = ticket.slice('fw_tkt_'.length).split('.');
    const payload = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const wider = Buffer.from(JSON.stringify({ ...payload, f: null })).toString('base64url');
    expect(await open(node, `fw_tkt_${wider}.${signature}`)).toBe('unknown_ticket');
    expect(await open(node, `fw_tkt_${body}.${'A'.repeat(43)}`)).toBe('unknown_ticket');
    expect(await open(node, ticket.slice(0, -2))).toBe('malformed_ticket');
    expect(await open(node, 'x')).toBe('malformed_ticket');
  });
});
