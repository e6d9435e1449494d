import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Request } from 'express';
import { documentReader } from './document-reader.js';

const LIMITS = { bytes: 2 ** 20, setting: 'FLAGWIRE_IMPORT_BYTES', parts: 1000 };

/** All pieces are there at once, as those of a fast sender. */
function requestOf(pieces: readonly string[]): Request {
  const body = Readable.from(pieces.map((piece) => Buffer.from(piece)));
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
  return Object.assign(body, { headers, complete: true }) as unknown as Request;
}

describe('A document', () => {
  it.each([
    ['in many pieces', ['[0', ...Array.from({ length: 40 }, (_, index) => `,${index}`), ']'], 42],
    ['in one', [`[${'1,'.repeat(49_999)}1]`], 7],
  ])('that comes %s, all at once, is taken piece by piece: everybody else has the turns in between', async (_, sent, pieces) => {
    const request = requestOf(sent);
    let isRead = false;
    const read = documentReader(LIMITS)(request, {} as never).then(() => {
      isRead = true;
    });
    let turns = 0;
    while (!isRead && turns < 1000) {
      await setImmediate();
      turns += 1;
    }
    await read;
    expect(request.body).toEqual(JSON.parse(sent.join('')));
    expect(turns).toBeGreaterThanOrEqual(pieces);
  });
});
