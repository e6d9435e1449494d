import { type PropagationAnswer } from '@flagwire/protocol/admin';
import { plain } from './table.js';

const WIDTH = 24;
/** Of those behind; an answer has up to 100. */
const NAMED = 5;

/** How many have it, as a bar and in words. */
export function arrivalBar({ clients, revision, missing }: PropagationAnswer): string {
  const { have, connected } = clients;
  // Full only when nobody is behind.
  const full = connected === 0 ? WIDTH : Math.floor((WIDTH * have) / connected);
  const nodes = missing.length === 0 ? '' : `, ${missing.length} of the nodes missing`;
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${have} of ${connected} clients have revision ${revision}${nodes}`;
}

/** That everybody has it, and how long it took. */
export function arrivedText({ clients, revision, delay_ms, nodes }: PropagationAnswer): string {
  const where = nodes.length === 1 ? 'one node' : `${nodes.length} nodes`;
  const took = delay_ms === null ? '' : `: p50 ${delay_ms.p50} ms, p99 ${delay_ms.p99} ms, at most ${delay_ms.max} ms`;
  return `All ${clients.connected} clients on ${where} have revision ${revision}${took}`;
}

/** Who lacks it, a line each. */
export function absentText({ behind, missing, clients }: PropagationAnswer): string {
  const named = behind.slice(0, NAMED).map(({ client, version, transport, node, cursor, since }) => {
    const name = client === null ? 'a client without a name' : [client, version].filter((part) => part !== null).join('/');
    return `${name} by ${transport} on ${node}: at ${cursor} since ${since}`;
  });
  const unnamed = clients.behind - named.length;
  const lost = missing.map(
    ({ node, clients: then, last_seen }) => `node ${node} is missing since ${last_seen}, with ${then} clients then`,
  );
  return [...named, ...(unnamed > 0 ? [`${unnamed} more`] : []), ...lost].map((line) => `  ${plain(line)}`).join('\n');
}
