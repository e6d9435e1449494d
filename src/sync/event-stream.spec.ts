import { describe, expect, it } from '@jest/globals';
import { controlText, eventText, flagText, opening, PING } from './event-stream.js';
import { goodbyeFrame } from './sync-session.js';

const CURSOR = 'epoch001.7.m00007';

describe('The text of an event stream', () => {
  it('opens with where the client stands and when it may come back', () => {
    expect(opening(CURSOR, 2500)).toBe('id: epoch001.7.m00007\nretry: 2500\n\n');
  });

  it('has an id and one line of data for each message, and no event name', () => {
    expect(controlText(CURSOR, { type: 'Pong', data: {} })).toBe('id: epoch001.7.m00007\ndata: {"type":"Pong","data":{}}\n\n');
    expect(flagText('none', '{"id":"a"}')).toBe('id: none\ndata: {"type":"FlagUpdated","data":{"id":"a"}}\n\n');
  });

  it('says more only where more follows', () => {
    const openText = '{"type":"FlagDeleted","data":{"flag_id":"a","version":2}';
    expect(eventText({ openText, id: CURSOR, more: false })).toBe(`id: ${CURSOR}\ndata: ${openText}}\n\n`);
    expect(eventText({ openText, id: CURSOR, more: true })).toBe(`id: ${CURSOR}\ndata: ${openText},"more":true}\n\n`);
  });

  it('has no raw line end in its data, whatever a flag is called', () => {
    const text = flagText('none', JSON.stringify({ name: 'a\nb\r\nc\u2028d' }));
    expect(text.match(/[\r\n]/g)).toEqual(['\n', '\n', '\n']);
  });

  it('pings with a comment', () => {
    expect(PING).toBe(': ping\n\n');
  });

  it('says before a Goodbye when to come back, unless the client shall not', () => {
    expect(goodbyeFrame(CURSOR, 'shutdown', 1500).payload.toString()).toBe(
      `id: ${CURSOR}\nretry: 1500\n\nid: ${CURSOR}\ndata: {"type":"Goodbye","data":{"reason":"shutdown","retry_after_ms":1500}}\n\n`,
    );
    expect(goodbyeFrame(CURSOR, 'key_revoked', null).payload.toString()).toBe(
      `id: ${CURSOR}\ndata: {"type":"Goodbye","data":{"reason":"key_revoked","retry_after_ms":null}}\n\n`,
    );
  });
});
