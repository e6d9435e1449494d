import { readFileSync } from 'node:fs';

/** Beside connections: libraries, databases, pipes. */
const OTHER_FILES = 200;

/**
 * Each connection is an open file of the server and one of its clients' process, and a port of this address.
 * @throws Error that says what to do where there are too few.
 */
export function mustAllow(connections: number): void {
  const files = Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
  const needed = connections + OTHER_FILES;
  if (files < needed)
    throw new Error(`${needed} files must be open at once and ${files} may be: run \`ulimit -n ${needed}\` first`);
  const [from = 0, to = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number);
  if (to - from < connections) {
    throw new Error(`${connections} ports are needed and net.ipv4.ip_local_port_range has ${to - from}: widen it with sysctl`);
  }
}
