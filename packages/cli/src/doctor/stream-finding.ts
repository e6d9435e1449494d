import { type Finding, found } from './finding.js';
import { type StreamOutcome } from './stream.js';

const PROXIES =
  'Tell the proxy not to buffer and not to compress /sdk/stream (nginx: proxy_buffering off); see "Behind a proxy" in docs/operations.md.';

/** What a stream that came this far says of what stands between. */
export function streamFinding(outcome: StreamOutcome, patienceMs: number): Finding {
  switch (outcome.kind) {
    case 'whole': {
      if (outcome.encoding !== null)
        return found('stream', 'warning', `something between compresses it (${outcome.encoding})`, PROXIES);
      const detail = `its first sync is here after ${outcome.ms} ms`;
      // A small buffer lets go of it once a ping has filled it up.
      return outcome.ms > patienceMs / 3
        ? found('stream', 'warning', `${detail}: that is late`, PROXIES)
        : found('stream', 'ok', detail);
    }
    case 'late': {
      const detail = `of a stream ${outcome.got === 'nothing' ? 'not even the headers' : `${outcome.got} alone`} came within ${patienceMs / 1000} s, although polls are answered: a proxy holds it back`;
      return found('stream', 'fault', detail, PROXIES);
    }
    case 'refused':
      return found(
        'stream',
        'fault',
        `it is answered ${outcome.status} (${outcome.type ?? 'no type'}), although polls are answered`,
        PROXIES,
      );
    case 'goodbye':
      return found('stream', 'warning', `the server says goodbye: ${outcome.reason}`, 'See "Goodbye" in docs/errors.md.');
    case 'ended':
      return found('stream', 'fault', 'it ends before its first sync is whole', PROXIES);
  }
}
