import { beforeEach, describe, expect, it } from '@jest/globals';
import { readConfig } from '../config/config.js';
import { ConnectionQuota, type Holder } from './connection-quota.js';

const SERVER: Holder = { keyId: 'key-1', kind: 'server', viaTicket: false, address: '192.0.2.1' };
const TICKET: Holder = { ...SERVER, viaTicket: true };
const CLIENT: Holder = { ...SERVER, keyId: 'key-2', kind: 'client' };
const BOUNDS = { FLAGWIRE_MAX_CONNECTIONS: '8', FLAGWIRE_MAX_PER_SERVER_KEY: '4', FLAGWIRE_MAX_PER_ADDRESS: '2' };
let quota: ConnectionQuota;

beforeEach(() => {
  quota = new ConnectionQuota(readConfig(BOUNDS));
});

function fill(holder: Holder, places: number): void {
  for (let place = 0; place < places; place += 1) {
    expect(quota.metBy(holder)).toBeNull();
    quota.enter(holder);
  }
}

describe('The connections of a node', () => {
  it('are so many of one server key, wherever they come from, those by ticket among them', () => {
    fill(SERVER, 3);
    fill(TICKET, 1);
    for (const holder of [SERVER, TICKET, { ...SERVER, address: '192.0.2.2' }]) expect(quota.metBy(holder)).toBe('key');
    fill({ ...SERVER, keyId: 'key-3' }, 1);
  });

  it.each([
    ['client key', CLIENT],
    ['ticket', TICKET],
  ])('are so many of one address by a %s; who comes from elsewhere, or by another key, has a place', (_name, holder) => {
    fill(holder, 2);
    expect(quota.metBy(holder)).toBe('address');
    fill({ ...holder, address: '192.0.2.2' }, 2);
    fill({ ...holder, keyId: 'key-3' }, 2);
  });

  it('have no bound for the address with a server key itself, nor for a client key in all', () => {
    fill(SERVER, 4);
    for (const last of ['2', '3', '4', '5']) fill({ ...CLIENT, address: `192.0.2.${last}` }, 1);
    expect(quota.metBy({ ...CLIENT, address: '192.0.2.6' })).toBe('node');
  });

  it('count a /64 of IPv6 as one address', () => {
    fill({ ...CLIENT, address: '2001:db8::1' }, 1);
    fill({ ...CLIENT, address: '2001:db8::2' }, 1);
    expect(quota.metBy({ ...CLIENT, address: '2001:db8::3' })).toBe('address');
  });

  it('are so many in all', () => {
    for (const keyId of ['a', 'b']) fill({ ...SERVER, keyId }, 4);
    expect(quota.metBy({ ...SERVER, keyId: 'c' })).toBe('node');
  });

  it('make room when they leave', () => {
    fill(CLIENT, 2);
    expect(quota.metBy(CLIENT)).toBe('address');
    quota.leave(CLIENT);
    fill(CLIENT, 1);
    expect(quota.metBy(CLIENT)).toBe('address');
  });
});
