import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SyncFigures } from '../../src/sync/sync-figures.js';
import { SlowOutlet } from '../../src/evaluation/flagd/call-outlet.fake.js';
import { DocumentSession } from '../../src/evaluation/flagd/document-session.js';

const SLICE = 64 * 1024;
const document = Buffer.alloc(SLICE + 1, 'a');

let outlet: SlowOutlet;
let figures: SyncFigures;
let session: DocumentSession;

beforeEach(() => {
  jest.useFakeTimers();
  outlet = new SlowOutlet();
  figures = new SyncFigures([]);
  const holder = { keyId: 'k', kind: 'server' as const, viaTicket: false, address: '192.0.2.1' };
  session = new DocumentSession({ holder }, outlet, figures);
});
afterEach(() => {
  jest.useRealTimers();
});

describe('A call that is answered with documents', () => {
  it('is told once why it ends, after what has been begun, and is counted so', () => {
    session.send(document);
    session.goodbye('max_age');
    session.goodbye('shutdown');
    outlet.take();
    outlet.take();
    expect(outlet.log).toEqual([`a${SLICE}`, 'a1', expect.stringContaining('FLAGWIRE_STREAM_MAX_AGE_S')]);
    expect([figures.ends.max_age, figures.ends.shutdown]).toEqual([1, 0]);
  });

  it('is cut half a second after its goodbye where its reader does not let it end, though it takes something', () => {
    session.send(document);
    session.goodbye('key_revoked');
    jest.advanceTimersByTime(300);
    outlet.take();
    jest.advanceTimersByTime(199);
    expect(outlet.log).toEqual([`a${SLICE}`, 'a1']);
    jest.advanceTimersByTime(1);
    expect(outlet.log.at(-1)).toBe('cut');
  });

  it('takes as long as its reader likes where one document was all that was asked for', () => {
    session.send(document);
    session.finish();
    jest.advanceTimersByTime(20_000);
    outlet.take();
    jest.advanceTimersByTime(20_000);
    outlet.take();
    expect(outlet.log).toEqual([`a${SLICE}`, 'a1', 'OK']);
  });

  it('stalls when its reader takes nothing for the time, and not while there is nothing to take', () => {
    const isStalledAt = (now: number) => session.vitals.isStalled(now, 30_000);
    expect([isStalledAt(0), isStalledAt(60_000)]).toEqual([false, false]);
    session.send(document);
    expect([isStalledAt(60_001), isStalledAt(89_999)]).toEqual([false, false]);
    outlet.take();
    expect([isStalledAt(90_002), isStalledAt(120_001), isStalledAt(120_002)]).toEqual([false, false, true]);
    session.cut('stalled');
    session.cut('stalled');
    expect([outlet.log.at(-1), figures.cuts.stalled]).toEqual(['cut', 1]);
  });

  it('has no timer when it is over', () => {
    session.send(document);
    session.goodbye('shutdown');
    session.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});
