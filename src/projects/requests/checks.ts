import { isKey } from '@flagwire/protocol/admin';
import { isObject } from '@flagwire/protocol/sync';
import { firstOdd, NOT_IN_NAMES } from '../../common/odd-characters.js';

/** What is wrong with a field's value, or null; the sentence completes "<field> ...". */
export type Check = (value: unknown) => string | null;

/** Line breaks and tabs are for texts of several lines. What is only searched for may have whatever a database can be asked for. */
const FORBIDDEN = { line: NOT_IN_NAMES, lines: /[^\P{Cc}\t\n\r]|\p{Cs}/u, searched: /[\p{Cc}\p{Cs}]/u };

const oneLine =
  (forbidden: RegExp, max: number, min: number): Check =>
  (value) => {
    if (typeof value !== 'string') return 'must be a string';
    // The first test keeps the second from taking apart a text of a megabyte.
    const isLong = value.length > 2 * max || [...value].length > max;
    if (isLong || value.length < min) return `must have ${min} to ${max} characters`;
    if (min > 0 && value.trim() === '') return 'must not be blank';
    const odd = firstOdd(value, forbidden);
    return odd === null ? null : `must be one line of text: leave out ${odd}`;
  };

/** One line of text, counted in characters as people count them. */
export const line = (max: number, min = 1): Check => oneLine(FORBIDDEN.line, max, min);

/** One line that is looked for among what is stored. */
export const searched = (max: number, min = 1): Check => oneLine(FORBIDDEN.searched, max, min);

/** Text of any number of lines. */
export const lines =
  (maxBytes: number): Check =>
  (value) => {
    if (typeof value !== 'string') return 'must be a string';
    if (Buffer.byteLength(value) > maxBytes) return `must have at most ${maxBytes} bytes`;
    const odd = firstOdd(value, FORBIDDEN.lines);
    return odd === null ? null : `must not have control characters other than tabs and line breaks: leave out ${odd}`;
  };

export const oneOf =
  (values: readonly string[]): Check =>
  (value) =>
    values.includes(value as string) ? null : `must be one of ${values.join(', ')}`;

export const integer =
  (min: number, max: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? null
      : `must be a whole number from ${min} to ${max}`;

export const boolean: Check = (value) => (typeof value === 'boolean' ? null : 'must be true or false');

export const object: Check = (value) => (isObject(value) ? null : 'must be an object');

export const orNull =
  (check: Check): Check =>
  (value) => {
    const wrong = value === null ? null : check(value);
    return wrong === null ? null : `${wrong}, or null`;
  };

/** A list without duplicates; says which entry is wrong first. */
export const list =
  (entry: Check, max: number): Check =>
  (value) => {
    if (!Array.isArray(value)) return 'must be a list';
    if (value.length > max) return `must have at most ${max} entries`;
    for (const [index, item] of value.entries()) {
      const wrong = entry(item);
      if (wrong !== null) return `has a wrong entry [${index}]: it ${wrong}`;
    }
    return new Set(value).size === value.length ? null : 'must not have an entry twice';
  };

export const key: Check = (value) => (isKey(value) ? null : 'must be 1 to 63 of a-z, 0-9 and "-", and start with a letter');

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt](?!24)\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** `Date` takes the 30th of February for the 2nd of March. */
function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** A moment, RFC 3339. */
export const time: Check = (value) => {
  const [whole = '', day = ''] = (typeof value === 'string' && RFC_3339.exec(value)) || [];
  const exists = isDay(day) && !Number.isNaN(Date.parse(whole));
  return exists ? null : 'must be a time such as 2027-01-31T12:00:00Z (RFC 3339)';
};
