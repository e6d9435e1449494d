import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Program } from '../../support/balancer.js';
import { projectRoot } from '../../support/project-root.js';

/** Each has to be there as often as said: a page that says something else is another configuration. */
function replaced(text: string, from: string, to: string): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`docs/operations.md has ${from} ${parts.length - 1} times in this configuration`);
  return parts.join(to);
}

/** The configuration that docs/operations.md shows, as it stands there, but for the addresses. */
export function triedConfiguration(program: Program, servers: readonly { readonly port: number }[]): (port: number) => string {
  const page = readFileSync(join(projectRoot(), 'docs/operations.md'), 'utf8');
  const blocks = [...page.matchAll(new RegExp(`\`\`\`${program}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block = '']) => block);
  if (blocks.length !== 1) throw new Error(`docs/operations.md has ${blocks.length} configurations of ${program}`);
  const there = servers.reduce(
    (text, { port }, index) => replaced(text, `10.0.0.${index + 1}:3000`, `127.0.0.1:${port}`),
    blocks[0] ?? '',
  );
  const door = program === 'nginx' ? 'listen 80;' : 'bind :80\n';
  return (port) => replaced(there, door, door.replace(':80', '80').replace('80', `127.0.0.1:${port}`));
}
