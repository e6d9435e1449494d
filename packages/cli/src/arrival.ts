import { type PropagationAnswer } from '@flagwire/protocol/admin';
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, own } from './command-error.js';
import { type EnvironmentOptions } from './options.js';
import { absentText, arrivalBar } from './output/arrival-text.js';
import { inEnvironment, type Session } from './session.js';

const EVERY_MS = 200;

/**
 * Waits until every client of every node has the revision, and shows how many have meanwhile.
 * @throws CommandError with who is behind, where it takes longer than `--timeout`.
 */
export async function arrival(session: Session<EnvironmentOptions>, revision: number): Promise<PropagationAnswer> {
  const { api, options, terminal, signal } = session;
  const path = inEnvironment(options, `changes/${revision}/propagation`);
  const until = performance.now() + options.timeout * 1000;
  for (;;) {
    const { body } = await api.call<PropagationAnswer>({ method: 'GET', path });
    if (body.complete) {
      terminal.transient('');
      return body;
    }
    if (performance.now() >= until) {
      const { have, connected } = body.clients;
      const late = `It is written, and ${have} of ${connected} clients have it after ${options.timeout} s:\n${absentText(body)}`;
      throw own('timed_out', late, EXIT.noAnswer, 'Give it longer by --timeout.');
    }
    terminal.transient(arrivalBar(body));
    await pause(EVERY_MS, undefined, { signal });
  }
}
