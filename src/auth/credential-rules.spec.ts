import { describe, expect, it } from '@jest/globals';
import { expiryMistakes, originMistakes, storedTime } from './credential-rules.js';

describe('allowed origins', () => {
  it.each(['https://app.example.com', 'http://localhost:8080', 'http://[::1]:3000', 'capacitor://localhost'])(
    'take %s',
    (origin) => {
      expect(originMistakes([origin])).toEqual([]);
    },
  );

  it.each([
    ['*', /list every origin/],
    ['https://*.example.com', /list every origin/],
    ['https://example.com/', /without a path/],
    ['https://example.com/app', /without a path/],
    ['https://user@example.com', /without a path/],
    ['https://Example.com', /https:\/\/example\.com/],
    ['https://example.com:443', /https:\/\/example\.com/],
    ['example.com', /such as/],
    ['null', /such as/],
    ['', /such as/],
    ['https://', /such as/],
  ])('refuse %j', (origin, message) => {
    expect(originMistakes(['https://ok.example', origin])).toEqual([
      { path: 'allowed_origins[1]', message: expect.stringMatching(message) },
    ]);
  });
});

describe('expiry', () => {
  const now = Date.parse('2026-06-01T00:00:00Z');

  it('is kept in UTC, so that texts compare like times', () => {
    expect(expiryMistakes('2026-06-01T03:00:00+02:00', now)).toEqual([]);
    expect(storedTime('2026-06-01T03:00:00+02:00')).toBe('2026-06-01T01:00:00.000Z');
  });

  it.each(['2026-05-31T23:59:59Z', '2026-06-01T01:00:00+02:00', 'tomorrow', '2026-13-01T00:00:00Z', '1780000000'])(
    'refuses %s',
    (text) => {
      expect(expiryMistakes(text, now)).toHaveLength(1);
    },
  );
});
