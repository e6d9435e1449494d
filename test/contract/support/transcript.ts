import { parseCursor } from '../../support/cursor.js';

const CURSOR = /\b[a-z0-9]{8}\.\d+\.[a-z0-9]{6}\b/g;
const TIME = '2026-11-23T17:52:10.123Z';

/** What differs from run to run, by names that are as long as what they stand for; docs/transcripts/README.md has the rule. */
export class Placeholders {
  readonly #epochs: string[] = [];
  readonly #connections: string[] = [];
  readonly #sockets: string[] = [];

  apply(text: string): string {
    return text
      .replace(CURSOR, (cursor) => this.#cursor(cursor))
      .replace(/"connection_id":"([^"]+)"/g, (_, id: string) => `"connection_id":"${this.#connection(id)}"`)
      .replace(/"sid":"([^"]+)"/g, (_, id: string) => `"sid":"${String(numbered(this.#sockets, id)).padStart(20, '0')}"`)
      .replace(/"last_modified":"[^"]+"/g, `"last_modified":"${TIME.replace('.123Z', '.000Z')}"`)
      .replace(/"(created_at|updated_at)":"[^"]+"/g, `"$1":"${TIME}"`)
      .replace(/(^|\n)retry: \d+\n/g, '$1retry: 3000\n')
      .replace(/"retry_after_ms":\d+/g, '"retry_after_ms":3000')
      .replace(/fw_srv_\w+/g, 'fw_srv_EXAMPLE')
      .replace(/\/sdk-keys\/[\w-]+/g, '/sdk-keys/ID');
  }

  #cursor(text: string): string {
    const parts = parseCursor(text);
    if (parts === null) return text;
    const epoch = numbered(this.#epochs, parts.epoch);
    return `epoch${String(epoch).padStart(3, '0')}.${parts.revision}.m${String(parts.revision).padStart(5, '0')}`;
  }

  #connection(id: string): string {
    return `00000000-0000-4000-8000-${String(numbered(this.#connections, id)).padStart(12, '0')}`;
  }
}

/** From 1, in the order in which they were met. */
function numbered(known: string[], item: string): number {
  if (!known.includes(item)) known.push(item);
  return known.indexOf(item) + 1;
}

function prefixed(prefix: string, text: string): string[] {
  return text.split('\n').map((line) => (line === '' ? prefix : `${prefix} ${line}`));
}

/** A conversation as text: who said what, line by line. */
export class Transcript {
  readonly #lines: string[] = [];
  readonly #placeholders = new Placeholders();

  note(text: string): void {
    this.#lines.push(...prefixed('#', text));
  }

  client(text: string): void {
    this.#lines.push(...prefixed('C:', this.#placeholders.apply(text)));
  }

  /** @param text of whole lines, without the end of the last one. */
  server(text: string): void {
    this.#lines.push(...prefixed('S:', this.#placeholders.apply(text)));
  }

  admin(text: string): void {
    this.#lines.push(...prefixed('A:', this.#placeholders.apply(text)));
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

/** The bodies that the server sent in a transcript, in order: what a client has to make sense of. */
export function bodiesOf(transcript: string): { request: string; type: string; body: string }[] {
  const bodies: { request: string; type: string; body: string }[] = [];
  let request = '';
  let head: string[] | null = null;
  for (const line of transcript.split('\n')) {
    const [, speaker, text = ''] = /^([CS]:|[A#]:?) ?(.*)$/.exec(line) ?? [];
    if (speaker === 'C:') request = text.startsWith('GET ') ? text : `${request}\n${text}`;
    if (speaker !== 'S:') continue;
    if (text.startsWith('HTTP/1.1 ')) head = [];
    const current = bodies.at(-1);
    if (head !== null && text === '') {
      bodies.push({ request, type: head.join('\n'), body: '' });
      head = null;
    } else if (head !== null) head.push(text);
    else if (current !== undefined) current.body += `${text}\n`;
  }
  return bodies;
}

/** The messages of a socket's transcript, in order; those of the client before it had an answer are its request. */
export function socketMessagesOf(transcript: string): { speaker: 'C' | 'S'; text: string }[] {
  const [, ...messages] = transcript.split(/^S:$/m);
  return [...messages.join('').matchAll(/^([CS]): (.*)$/gm)].map(([, speaker, text = '']) => {
    return { speaker: speaker === 'C' ? 'C' : 'S', text };
  });
}
