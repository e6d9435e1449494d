/**
 * What no name may have: control characters, which break lines and logs and of which PostgreSQL refuses NUL; half a character (Cs),
 * which cannot be sent as UTF-8; and the byte order mark, which editors put before a text that is copied, and nobody sees.
 */
export const NOT_IN_NAMES = /[\p{Cc}\p{Cs}\uFEFF]/u;

const CALLED: ReadonlyMap<number, string> = new Map([
  [0x0000, 'NUL'],
  [0x0009, 'tab'],
  [0x000a, 'line feed'],
  [0x000d, 'carriage return'],
  [0xfeff, 'byte order mark'],
]);

function nameOf(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const called = CALLED.get(point) ?? (/\p{Cs}/u.test(character) ? 'half a character' : 'control character');
  return `U+${point.toString(16).toUpperCase().padStart(4, '0')} (${called})`;
}

/** The first character of a kind that is in the text, as `U+FEFF (byte order mark)`; null: there is none. */
export function firstOdd(text: string, kind: RegExp): string | null {
  const [found] = kind.exec(text) ?? [];
  return found === undefined ? null : nameOf(found);
}

/** The text in JSON quotes, with what is invisible written as escapes: safe in a log line and on a page. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
}
