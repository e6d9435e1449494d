import { isoTime } from '../common/clock.js';
import { type Mistake } from '../common/errors.js';

const MOST_ORIGINS = 100;
const LONGEST_ORIGIN = 255;
const LONGEST_NAME = 200;
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;
/** A page's origin as its browser sends it; app shells have schemes of their own (`capacitor://localhost`). */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#*@\\]+$/;

export function nameMistakes(name: string): Mistake[] {
  if (name.trim() !== '' && name.length <= LONGEST_NAME) return [];
  return [{ path: 'name', message: `must have 1 to ${LONGEST_NAME} characters` }];
}

/** @param now Unix milliseconds. */
export function expiryMistakes(expiresAt: string | null, now: number): Mistake[] {
  if (expiresAt === null) return [];
  const time = RFC_3339.test(expiresAt) ? Date.parse(expiresAt) : NaN;
  if (Number.isNaN(time)) return [{ path: 'expires_at', message: 'must be a time such as 2027-01-31T12:00:00Z' }];
  return time > now ? [] : [{ path: 'expires_at', message: 'must lie in the future' }];
}

/** As it is stored: UTC with milliseconds, so that texts compare like times. */
export function storedTime(expiresAt: string | null): string | null {
  return expiresAt === null ? null : isoTime(Date.parse(expiresAt));
}

function originMistake(origin: string): string | null {
  if (origin.includes('*')) return 'must not contain *: list every origin';
  if (origin.length > LONGEST_ORIGIN || !ORIGIN.test(origin))
    return 'must be an origin such as https://app.example.com, without a path';
  if (!/^https?:/.test(origin)) return null;
  const sent = URL.canParse(origin) ? new URL(origin).origin : null;
  if (sent === null) return 'must be an origin such as https://app.example.com, without a path';
  return sent === origin ? null : `must be written as browsers send it: ${sent}`;
}

export function originMistakes(origins: readonly string[]): Mistake[] {
  if (origins.length > MOST_ORIGINS) return [{ path: 'allowed_origins', message: `must have at most ${MOST_ORIGINS} entries` }];
  return origins.flatMap((origin, index) => {
    const message = originMistake(origin);
    return message === null ? [] : [{ path: `allowed_origins[${index}]`, message }];
  });
}
