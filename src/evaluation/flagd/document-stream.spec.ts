import { beforeEach, describe, expect, it } from '@jest/globals';
import { SlowOutlet } from './call-outlet.fake.js';
import { DocumentStream } from './document-stream.js';

const SLICE = 64 * 1024;
const small = (letter: string) => Buffer.from(letter);
const large = (letter: string) => Buffer.alloc(2 * SLICE + 1, letter);
const BYE = { code: 14, details: 'bye' };

let outlet: SlowOutlet;
let stream: DocumentStream;

beforeEach(() => {
  outlet = new SlowOutlet();
  stream = new DocumentStream(outlet);
});

describe('A stream of documents', () => {
  it('gives a slow reader the newest when it has taken the one before, and none of those in between', () => {
    for (const letter of 'abcd') stream.send(small(letter));
    outlet.take();
    outlet.take();
    stream.send(small('e'));
    expect(outlet.log).toEqual(['a1', 'd1', 'e1']);
  });

  it('gives a document whole, slice by slice, whatever comes meanwhile', () => {
    stream.send(large('a'));
    stream.send(large('b'));
    outlet.take();
    stream.send(small('c'));
    outlet.take();
    outlet.take();
    expect(outlet.log).toEqual([`a${SLICE}`, `a${SLICE}`, 'a1', 'c1']);
  });

  it('ends after what has been begun, once, and says nothing more', () => {
    stream.send(large('a'));
    stream.send(small('b'));
    stream.end(BYE);
    stream.end({ ...BYE, details: 'again' });
    stream.send(small('c'));
    for (let turn = 0; turn < 4; turn += 1) outlet.take();
    expect(outlet.log).toEqual([`a${SLICE}`, `a${SLICE}`, 'a1', 'bye']);
  });

  it('has something unsent while its reader is being given a document, and goes on with each slice that is taken', () => {
    const state = () => [stream.unsent, stream.progress];
    expect(state()).toEqual([0, 0]);
    stream.send(large('a'));
    stream.send(small('b'));
    expect(state()).toEqual([2 * SLICE + 1, 0]);
    outlet.take();
    outlet.take();
    expect(state()).toEqual([2 * SLICE + 1, 2]);
    outlet.take();
    expect(state()).toEqual([1, 3]);
    outlet.take();
    expect(state()).toEqual([0, 4]);
  });
});
