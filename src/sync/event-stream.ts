import { type ControlMessage } from '@flagwire/protocol/sync';
import { type OutgoingEvent } from '../changes/subscription.js';

/**
 * The text of an event stream (WHATWG HTML, section 9.2.6). Every message is one `id:` and one `data:` line, without an
 * `event:` line: JSON holds no raw line end, and a cursor none either.
 */

/** The first block: where the client stands, and when it may come back. */
export function opening(id: string, retryMs: number): string {
  return `id: ${id}\nretry: ${retryMs}\n\n`;
}

/** A comment, which clients ignore and proxies count as traffic. */
export const PING = ': ping\n\n';

export function controlText(id: string, message: ControlMessage): string {
  return `id: ${id}\ndata: ${JSON.stringify(message)}\n\n`;
}

export function eventText({ openText, id, more }: OutgoingEvent): string {
  return `id: ${id}\ndata: ${openText}${more ? ',"more":true}' : '}'}\n\n`;
}

/** A flag of a full sync. */
export function flagText(id: string, definitionJson: string): string {
  return `id: ${id}\ndata: {"type":"FlagUpdated","data":${definitionJson}}\n\n`;
}
