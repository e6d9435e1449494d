import { createServer } from 'node:net';

/**
 * Below the range that Linux (32768) and macOS (49152) draw the ports of outgoing connections from: a port of that
 * range may be taken by any client while a server that is to come back on it is down.
 */
const LOWEST = 20_000;
const HIGHEST = 31_999;
const ATTEMPTS = 200;

const handedOut = new Set<number>();

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/**
 * A port on 127.0.0.1 that nobody listens on now; never the same twice in a process.
 * Drawn at random, so that processes which ask at the same time hardly ever meet.
 * @throws Error after 200 taken ports.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    if (!handedOut.has(port) && (await isFree(port))) {
      handedOut.add(port);
      return port;
    }
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST} in ${ATTEMPTS} attempts`);
}
