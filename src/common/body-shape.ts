/** Objects and lists inside each other. Far above what a flag's rules may have; below what recursive code can take. */
export const MOST_DEPTH = 200;
/** Of one object or list: to make room for the next one, all that it has is copied, in one turn. */
const MOST_MEMBERS = 50_000;
/** Of all objects and lists together: the more live on the heap, the longer the turn in which the collector marks them. */
const MOST_MEMBERS_IN_ALL = 1_000_000;

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * What makes JSON too much to parse, seen in its bytes: for fields, objects and lists a parser takes many times as long as for as many
 * bytes of text, and the event loop would wait for it. Says nothing about bytes that are not JSON.
 */
export class BodyShape {
  private depth = 0;
  private count = 0;
  private members = 0;
  private isText = false;
  private isEscaped = false;
  /** Commas so far in each of the objects and lists that are open. */
  private readonly commas = new Uint32Array(MOST_DEPTH + 1);

  /** @param most fields, objects and lists, all together. */
  constructor(private readonly most: number) {}

  /**
   * Looks at the next bytes.
   * @param json UTF-8, of which no byte above 0x7f is part of an ASCII character (RFC 3629 section 3).
   * @returns what there is too much of; null: nothing so far.
   */
  add(json: Uint8Array): string | null {
    for (const byte of json) {
      if (this.isText) this.passText(byte);
      else if (byte === QUOTE) this.isText = true;
      else if (byte === COLON) this.count += 1;
      else if (byte === COMMA) {
        if ((this.commas[this.depth]! += 1) >= MOST_MEMBERS) return `more than ${MOST_MEMBERS} members in one object or list`;
        if ((this.members += 1) >= MOST_MEMBERS_IN_ALL) return `more than ${MOST_MEMBERS_IN_ALL} members in objects and lists`;
      } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) this.depth = Math.max(0, this.depth - 1);
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
        if ((this.depth += 1) > MOST_DEPTH) return `more than ${MOST_DEPTH} objects and lists inside each other`;
        this.commas[this.depth] = 0;
        this.count += 1;
      }
      if (this.count > this.most) return `more than ${this.most} fields, objects and lists`;
    }
    return null;
  }

  private passText(byte: number): void {
    if (this.isEscaped) this.isEscaped = false;
    else if (byte === BACKSLASH) this.isEscaped = true;
    else if (byte === QUOTE) this.isText = false;
  }
}
