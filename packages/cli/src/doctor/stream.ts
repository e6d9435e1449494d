import { isObject } from '@flagwire/protocol/sync';
import { createParser } from 'eventsource-parser';

/** How far a stream came. */
export type StreamOutcome =
  | { kind: 'whole'; ms: number; encoding: string | null }
  /** It came, with another status or type. */
  | { kind: 'refused'; status: number; type: string | null }
  | { kind: 'goodbye'; reason: string }
  | { kind: 'late'; got: 'nothing' | 'headers' | 'a part' }
  | { kind: 'ended' };

/** Matches no flag: what comes is the shortest that can come, so that a buffer of any size holds it. */
export const NO_FLAG = 'flagwire-doctor.none';

/**
 * Opens a stream and reads until its first sync is whole.
 * @param patienceMs for all of it.
 * @throws what `fetch` throws, but not for the end of patience.
 */
export async function watchStream(base: URL, key: string, patienceMs: number, signal: AbortSignal): Promise<StreamOutcome> {
  const url = new URL('sdk/stream', base);
  url.searchParams.set('flags', NO_FLAG);
  const patience = AbortSignal.timeout(patienceMs);
  const over = new AbortController();
  const from = performance.now();
  let got: 'nothing' | 'headers' | 'a part' = 'nothing';
  try {
    const response = await fetch(url, {
      headers: { Authorization: `Bearer ${key}`, Accept: 'text/event-stream' },
      redirect: 'manual',
      signal: AbortSignal.any([signal, patience, over.signal]),
    });
    got = 'headers';
    const type = response.headers.get('content-type');
    if (response.status !== 200 || type?.startsWith('text/event-stream') !== true) {
      return { kind: 'refused', status: response.status, type };
    }
    const encoding = response.headers.get('content-encoding');
    const reader = new SyncReader();
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      got = 'a part';
      const end = reader.read(text);
      if (end === 'whole') return { kind: 'whole', ms: Math.round(performance.now() - from), encoding };
      if (end !== null) return { kind: 'goodbye', reason: end.goodbye };
    }
    return { kind: 'ended' };
  } catch (error) {
    if (patience.aborted && !signal.aborted) return { kind: 'late', got };
    throw error;
  } finally {
    over.abort();
  }
}

class SyncReader {
  private end: 'whole' | { goodbye: string } | null = null;
  private readonly parser = createParser({ onEvent: ({ data }) => this.onData(data) });

  read(text: string): 'whole' | { goodbye: string } | null {
    this.parser.feed(text);
    return this.end;
  }

  private onData(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return; // a stream of something else ends without a sync
    }
    if (!isObject(message)) return;
    const { type, data } = message;
    if (type === 'SyncComplete') this.end = 'whole';
    if (type === 'Goodbye') this.end = { goodbye: isObject(data) ? String(data['reason']) : 'no reason' };
  }
}
