import { describe, expect, it } from '@jest/globals';
import { GOODBYE_REASONS } from '@flagwire/protocol/sync';
import { FakeRandom } from '../common/random.fake.js';
import { readConfig } from '../config/config.js';
import { ReconnectAdvice } from './reconnect-advice.js';

describe('Advice on when to come back', () => {
  const advice = new ReconnectAdvice(readConfig({}), new FakeRandom());

  it('is spread from 1000 to 5000 ms', () => {
    const drawn = Array.from({ length: 2000 }, () => advice.retryMs());
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(5000);
    expect(new Set(drawn).size).toBeGreaterThan(1000);
  });

  it('lets a stream stay, and a socket for an hour, 10 % more or less', () => {
    expect(advice.lifeMs('sse')).toBe(Infinity);
    const drawn = Array.from({ length: 2000 }, () => advice.lifeMs('websocket') / 60_000);
    expect([Math.min(...drawn) >= 54, Math.min(...drawn) < 55, Math.max(...drawn) > 65, Math.max(...drawn) <= 66]).toEqual(
      Array.from({ length: 4 }, () => true),
    );
    const aged = new ReconnectAdvice(
      readConfig({ FLAGWIRE_STREAM_MAX_AGE_S: '60', FLAGWIRE_SOCKET_MAX_AGE_S: '0' }),
      new FakeRandom(),
    );
    expect([aged.lifeMs('sse') / 60_000, aged.lifeMs('socket.io')]).toEqual([expect.closeTo(1, 0), Infinity]);
  });

  it('is null, not by itself, exactly for what does not pass', () => {
    const final = GOODBYE_REASONS.filter((reason) => advice.retryAfter(reason) === null);
    expect(final).toEqual(['key_revoked', 'key_expired', 'environment_deleted']);
  });

  it('is the least delay where the settings leave no room', () => {
    const config = readConfig({ FLAGWIRE_RETRY_MIN_MS: '3000', FLAGWIRE_RETRY_MAX_MS: '2000' });
    expect(new ReconnectAdvice(config, new FakeRandom()).retryMs()).toBe(3000);
  });
});
