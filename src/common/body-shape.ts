/** Objects and lists inside each other. Far above what a flag's rules may have; below what recursive code can take. */
export const MOST_DEPTH = 200;

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * What makes JSON too much to parse, seen in its bytes: for fields, objects and lists a parser takes many times as long as for as many
 * bytes of text, and the event loop would wait for it. Says nothing about bytes that are not JSON.
 * @param json UTF-8, of which no byte above 0x7f is part of an ASCII character (RFC 3629 section 3).
 * @param most fields, objects and lists, all together.
 * @returns null where it is not.
 */
export function bodyExcess(json: Uint8Array, most: number): string | null {
  let depth = 0;
  let count = 0;
  let isText = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (isText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
    else if (byte === COLON) count += 1;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth += 1;
      count += 1;
    }
    if (depth > MOST_DEPTH) return `more than ${MOST_DEPTH} objects and lists inside each other`;
    if (count > most) return `more than ${most} fields, objects and lists`;
  }
  return null;
}
