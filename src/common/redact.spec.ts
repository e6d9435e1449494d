import { describe, expect, it } from '@jest/globals';
import { redact } from './redact.js';

const KEY = 'fw_srv_AbCdEfGhIjKl0123456789abcdefghijABCDEFGHIJabcdef';

describe('redact', () => {
  it.each([
    ['a key anywhere', `lost ${KEY} on the way`, 'lost fw_srv_[redacted] on the way'],
    ['a ticket', 'fw_tkt_eyJrIjoi.c2ln-_x in a text', 'fw_tkt_[redacted] in a text'],
    ['a stream token', 'fw_evt_eyJrIjoi.c2ln-_x in a text', 'fw_evt_[redacted] in a text'],
    ['a key in a query', `GET /sdk/stream?key=${KEY}&flags=a`, 'GET /sdk/stream?key=[redacted]&flags=a'],
    [
      'a mistyped key in a query',
      'GET /sdk/stream?env=x&key=oops%20secret HTTP/1.1',
      'GET /sdk/stream?env=x&key=[redacted] HTTP/1.1',
    ],
    ['a ticket in a query', '/sdk/stream?ticket=abc.def#x', '/sdk/stream?ticket=[redacted]#x'],
    ['a bearer token of any form', 'sent Bearer 0123456789abcdef.', 'sent Bearer [redacted]'],
    [
      'headers as they are printed',
      `{"authorization":"Bearer ${KEY}","x-api-key":"abc"}`,
      '{"authorization":"[redacted]","x-api-key":"[redacted]"}',
    ],
    [
      'the password in an address',
      'no postgres://me:pa:ss@db/x at http://[::1]:80',
      'no postgres://me:[redacted]@db/x at http://[::1]:80',
    ],
    ['headers as they are sent', 'X-API-Key: abc\r\nAccept: */*', 'X-API-Key: [redacted]\r\nAccept: */*'],
  ])('hides %s', (_, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it('leaves other text alone', () => {
    const text = 'The key development of environment_key=7 is a monkey=1 at /sdk/stream?flags=a,b';
    expect(redact(text)).toBe(text);
  });
});
