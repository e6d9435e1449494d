/** Keys, admin tokens, tickets and stream tokens, whole. */
const WHOLE = /fw_(?:srv|cli|adm)_[0-9A-Za-z]{50}|fw_(?:tkt|evt)_[\w-]{20,}\.[\w-]{43}/g;
/** So much of a secret in one piece is no accident. */
const WINDOW = 16;
const LAST_BLOCK = WINDOW - 3;

/** The text with the first letters of each secret alone. */
export function masked(text: string): string {
  return text.replace(WHOLE, (secret) => `${secret.slice(0, 11)}…`);
}

/** What must not be known: of a key the part that nobody may see, of a ticket or a stream token its signature, of anything else the whole. */
function coreOf(secret: string): string {
  if (/^fw_(srv|cli|adm)_/.test(secret)) return secret.slice(19, 51);
  return /^fw_(tkt|evt)_/.test(secret) ? secret.slice(-43) : secret;
}

/** As base64 has it behind 0, 1 or 2 bytes of something else, as in `user:SECRET`; without the characters that depend on that. */
function base64Forms(core: string): string[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(core)]).toString('base64');
    return text.slice(Math.ceil((8 * offset) / 6), Math.floor((8 * (offset + Buffer.byteLength(core))) / 6));
  });
}

function formsOf(core: string): Set<string> {
  const hex = Buffer.from(core).toString('hex');
  const base64 = base64Forms(core);
  const urlBase64 = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  const inJson = JSON.stringify(core).slice(1, -1);
  return new Set([core, encodeURIComponent(core), inJson, hex, hex.toUpperCase(), ...base64, ...urlBase64]);
}

/** Three characters, as a place in a table; those that share one cost a look at the text, nothing else. */
function blockAt(text: string, at: number): number {
  return ((text.charCodeAt(at) & 63) << 12) | ((text.charCodeAt(at + 1) & 63) << 6) | (text.charCodeAt(at + 2) & 63);
}

/**
 * The secrets that are known, and where they stand in a text: plain, URL-encoded, escaped as in JSON, in hex or in base64, whole or
 * half. A text is read once, whatever the number of secrets. Findings name a secret by its first letters.
 */
export class SecretSearch {
  private readonly names = new Map<string, string>();
  /** By the last block of a window: how far on the next window can begin (Wu and Manber, 1994). Most of a text is jumped over. */
  private readonly jumps = new Uint8Array(2 ** 18).fill(LAST_BLOCK + 1);
  private readonly noted = new Set<string>();

  get size(): number {
    return this.noted.size;
  }

  /** @param name for findings; default the first letters. Under 16 characters nothing can be told from a word: those are left out. */
  note(secret: string, name = `${secret.slice(0, 11)}…`): void {
    const core = coreOf(secret);
    if (core.length < WINDOW || this.noted.has(core)) return;
    this.noted.add(core);
    for (const form of formsOf(core)) {
      for (const window of [form.slice(0, WINDOW), form.slice(-WINDOW)]) {
        this.names.set(window, name);
        for (let at = 0; at <= LAST_BLOCK; at++) {
          const block = blockAt(window, at);
          this.jumps[block] = Math.min(this.jumps[block] ?? 0, LAST_BLOCK - at);
        }
      }
    }
  }

  /** Whatever has the form of a secret is one from now on. */
  noteAll(text: string): void {
    for (const [secret] of text.matchAll(WHOLE)) this.note(secret);
  }

  /** The names of the secrets in the text, also of those that were never noted and have the form of one. */
  find(text: string): string[] {
    const found = new Set([...text.matchAll(WHOLE)].map(([secret]) => `${secret.slice(0, 11)}…`));
    for (let at = 0; at + WINDOW <= text.length;) {
      const jump = this.jumps[blockAt(text, at + LAST_BLOCK)] ?? 0;
      const name = jump === 0 ? this.names.get(text.slice(at, at + WINDOW)) : undefined;
      if (name !== undefined) found.add(name);
      at += Math.max(jump, 1);
    }
    return [...found];
  }
}
