import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../common/clock.fake.js';
import { DatabaseUnavailable, Forbidden, RateLimited, Unauthenticated } from '../common/errors.js';
import { readConfig } from '../config/config.js';
import { WrongCredentials } from './wrong-credentials.js';

const UNKNOWN = new Unauthenticated('unknown_key', 'This key is not known to the server.');
let clock: FakeClock;
let wrong: WrongCredentials;

beforeEach(() => {
  clock = new FakeClock();
  wrong = new WrongCredentials(clock, readConfig({}));
});

function useUp(address: string): void {
  for (let turn = 0; turn < 20; turn += 1) expect(wrong.answerTo(UNKNOWN, address)).toBe(UNKNOWN);
}

describe('wrong credentials of one address', () => {
  it('are twenty a minute; then the answer says when there are some again', () => {
    useUp('192.0.2.1');
    clock.time += 45_000;
    expect(wrong.answerTo(UNKNOWN, '192.0.2.1')).toMatchObject({ code: 'rate_limited', retryAfterMs: 15_000 });
    expect(wrong.answerTo(UNKNOWN, '192.0.2.2')).toBe(UNKNOWN);
    clock.time += 15_000;
    useUp('192.0.2.1');
  });

  it.each(['malformed_token', 'malformed_key', 'malformed_ticket', 'unknown_token', 'revoked_key', 'expired_ticket'])(
    'are those with the code %s',
    (code) => {
      useUp('192.0.2.1');
      expect(wrong.answerTo(new Unauthenticated(code, 'x'), '192.0.2.1')).toBeInstanceOf(RateLimited);
    },
  );

  it.each([
    new Unauthenticated('missing_credential', 'none at all'),
    new Unauthenticated('wrong_credential_kind', 'of the other family'),
    new Unauthenticated('ticket_not_accepted', 'a good ticket at the wrong door'),
    new Forbidden('insufficient_role', 'a good one without the scope'),
    new DatabaseUnavailable(),
    new TypeError('a mistake of the server'),
  ])('are not counted, nor answered otherwise, where it is %s', (error) => {
    for (let turn = 0; turn < 50; turn += 1) expect(wrong.answerTo(error, '192.0.2.1')).toBe(error);
    useUp('192.0.2.1');
    expect(wrong.answerTo(error, '192.0.2.1')).toBe(error);
  });

  it('are those of a whole /64 of IPv6', () => {
    useUp('2001:db8::1');
    expect(wrong.answerTo(UNKNOWN, '2001:db8::ffff:1')).toBeInstanceOf(RateLimited);
    expect(wrong.answerTo(UNKNOWN, '2001:db8:0:1::1')).toBe(UNKNOWN);
  });

  it('are remembered of ten thousand addresses, the newest: memory has a bound', () => {
    useUp('192.0.2.1');
    for (let turn = 0; turn < 9_999; turn += 1) wrong.answerTo(UNKNOWN, `10.0.${turn >> 8}.${turn & 255}`);
    expect(wrong.answerTo(UNKNOWN, '192.0.2.1')).toBeInstanceOf(RateLimited);
    wrong.answerTo(UNKNOWN, '198.51.100.1');
    expect(wrong.answerTo(UNKNOWN, '192.0.2.1')).toBe(UNKNOWN);
  });
});
