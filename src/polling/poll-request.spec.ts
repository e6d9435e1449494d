import { describe, expect, it } from '@jest/globals';
import { type Request } from 'express';
import { type SdkPrincipal } from '../auth/principal.js';
import { InvalidInput } from '../common/errors.js';
import { readPollRequest } from './poll-request.js';

const principal: SdkPrincipal = {
  keyId: 'k',
  kind: 'server',
  environmentId: 'e',
  allowedOrigins: [],
  filter: null,
  viaTicket: false,
};
const read = (query: Record<string, unknown>, headers: Record<string, string> = {}) =>
  readPollRequest({ query, headers } as unknown as Request, principal);

describe('A poll', () => {
  it('asks for all flags, unconditionally, at once, where it says nothing', () => {
    expect(read({})).toMatchObject({
      environmentId: 'e',
      keyId: 'k',
      subscription: { filter: null },
      conditions: { tags: null, modifiedSince: null },
      since: null,
      waitS: null,
    });
  });

  it('is after a cursor also where that cannot be read: then it gets everything, and no 304', () => {
    expect(read({ since: '' }).since).toBe('');
    expect(read({ since: ['a.1.b', 'a.2.b'] }).since).toBe('');
  });

  it.each(['1', '10', '55'])('may wait %s seconds', (wait) => expect(read({ wait }).waitS).toBe(Number(wait)));

  it.each<unknown>(['0', '56', '-1', '1.5', '01', '', 'ten', '1e1', ['5', '6'], { a: '5' }, '999'])('may not wait %j', (wait) => {
    expect(() => read({ wait })).toThrow(InvalidInput);
    expect(() => read({ wait, since: 'none' })).toThrow(InvalidInput);
  });

  it('takes its conditions from headers, else from the query', () => {
    const query = { if_none_match: 'asked', if_modified_since: '2026-06-01T00:00:00Z' };
    expect(read(query).conditions).toEqual({ tags: ['asked'], modifiedSince: Date.parse('2026-06-01T00:00:00Z') });
    const headers = { 'if-none-match': 'W/"header"', 'if-modified-since': 'Tue, 02 Jun 2026 00:00:00 GMT' };
    expect(read(query, headers).conditions).toEqual({ tags: ['header'], modifiedSince: Date.parse('2026-06-02T00:00:00Z') });
  });

  it.each([[''], [['', '']], ['a,,b'], ['*a']])('refuses the filter %j', (flags) => {
    expect(() => read({ flags })).toThrow(InvalidInput);
  });

  it('joins what is repeated in its filter', () => {
    expect(read({ flags: ['b,a', 'a'] }).subscription.filter?.canonical).toBe('a,b');
  });
});
