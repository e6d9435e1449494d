import { frame, text } from './upgraded.js';

const MIB = 2 ** 20;
const ping = (payload: string) => frame({ opcode: 9, payload });
const piece = (opcode: number, payload: string) => frame({ opcode, payload, isFinal: false });

/** The head alone of a frame that says it is so long. */
function announced(bytes: bigint): Buffer {
  const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(bytes, 2);
  return Buffer.concat([head, Buffer.alloc(4)]);
}

/** `['`, `['`, … so deep, as JSON. */
export const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

/** What no peer may send (RFC 6455), and the code that it is closed with. */
export const FORBIDDEN_FRAMES: readonly [what: string, bytes: Buffer, code: number][] = [
  ['binary', frame({ opcode: 2, payload: '{"type":"Ping"}' }), 1003],
  ['an empty binary message', frame({ opcode: 2 }), 1003],
  ['a byte over 64 KiB', text('x'.repeat(64 * 1024 + 1)), 1009],
  ['a byte over 1 MiB', text('x'.repeat(MIB + 1)), 1009],
  ['a head that announces 8 PiB', announced(2n ** 53n), 1009],
  ['JSON that is 100,000 deep', text(deep(100_000)), 1009],
  ['20,000 fragments of a byte', Buffer.concat([piece(1, 'x'), ...Array<Buffer>(20_000).fill(piece(0, 'x'))]), 1008],
  ['20,000 empty fragments', Buffer.concat([piece(1, ''), ...Array<Buffer>(20_000).fill(piece(0, ''))]), 1008],
  ['text that is no UTF-8', text(Buffer.from([0x22, 0xff, 0xfe, 0x22])), 1007],
  ['a surrogate in UTF-8', text(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), 1007],
  ['text that ends inside a character', text(Buffer.from([0x22, 0xc3])), 1007],
  ['a frame without a mask', frame({ opcode: 1, payload: '{"type":"Ping"}', isMasked: false }), 1002],
  ...[1, 2, 4].map((reserved): [string, Buffer, number] => [
    `reserved bits ${reserved}`,
    frame({ opcode: 1, payload: '{"type":"Ping"}', reserved }),
    1002,
  ]),
  ...[3, 7, 11, 15].map((opcode): [string, Buffer, number] => [`opcode ${opcode}`, frame({ opcode }), 1002]),
  ['a ping of 126 bytes', ping('p'.repeat(126)), 1002],
  ['a ping in fragments', piece(9, 'p'), 1002],
  ['the rest of nothing', frame({ opcode: 0, payload: 'x' }), 1002],
  ['a text inside of a text', Buffer.concat([piece(1, '{'), text('{"type":"Ping"}')]), 1002],
  ['a close of one byte', frame({ opcode: 8, payload: 'x' }), 1002],
  ['a close with a code that is none', frame({ opcode: 8, payload: Buffer.from([0x03, 0xe7]) }), 1002],
];

const LONG = 'a'.repeat(500);
const POISON = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
const ODD_IDS = ['a\u0000b', 'a\nb', '\ufeffa', 'ü', ' ', '*', '../x', ...POISON];
const NO_TEXTS = [1, true, null, {}, [], ['a'], '', LONG];
const NO_FILTERS = [[''], ['a', ''], ['', 'a'], [], ['a b'], ['a\n'], ['\u0000'], ['\ufeffa'], [LONG], ['a*b'], ['__proto__']];
const HUNDRED_AND_ONE = Array.from({ length: 101 }, (_, index) => `f${index}`);

/** One request, and the code of the `Error` that answers it: on both sockets the same. */
export const BAD_REQUESTS: readonly [type: unknown, fields: object, code: string][] = [
  ...ODD_IDS.map((flag_id): [unknown, object, string] => ['GetFlag', { flag_id }, 'flag_not_found']),
  ...NO_TEXTS.map((flag_id): [unknown, object, string] => ['GetFlag', { flag_id }, 'malformed_request']),
  ['GetFlag', {}, 'malformed_request'],
  ...['a', 1, true, {}, [1], [null], [['a']], [{}], { length: 1, 0: 'a' }].map((flags): [unknown, object, string] => [
    'Subscribe',
    { flags },
    'malformed_request',
  ]),
  ...[...NO_FILTERS, HUNDRED_AND_ONE].map((flags): [unknown, object, string] => ['Subscribe', { flags }, 'invalid_input']),
  ...['a'.repeat(65), '', 1, null, {}, ['x']].map((request_id): [unknown, object, string] => [
    'Ping',
    { request_id },
    'malformed_request',
  ]),
  ...[1, null, LONG, ''].map((id): [unknown, object, string] => ['Ack', { id }, 'malformed_request']),
  ...[...POISON, 'ping', 'Ping ', 'message', 'FlagUpdated', '', LONG, '\u0000'].map((type): [unknown, object, string] => [
    type,
    {},
    'unknown_request',
  ]),
];

/** Texts that are no request at all. */
export const NO_REQUESTS: readonly string[] = [
  ...['', ' ', '{', 'Ping', 'nul', 'null', '1', '"Ping"', '[]', '["Ping"]', '[{"type":"Ping"}]', "{'type':'Ping'}"],
  ...['{"type":"Ping"}{"type":"Ping"}', '\ufeff{"type":"Ping"}', '{"type":"Ping"}\u0000', deep(30_000)],
];

/** What is strange and allowed: fields that nobody knows. */
export const ODD_PINGS: readonly string[] = [
  '{"type":"Ping","else":1,"flags":7}',
  '{"type":"Ping","__proto__":{"type":"Subscribe"},"constructor":{"prototype":{"x":1}},"prototype":null}',
  '{"type":"Subscribe","type":"Ping"}',
  `{"type":"Ping","deep":${deep(30_000)}}`,
];

/** None is one of this server: each is answered by everything. */
export const ODD_CURSORS: readonly string[] = [
  ...['garbage', '-1', '0', '1e99', '100000000000000000000', 'none', ' ', '\u0000', 'a\nb', '\ufeff', LONG, '[]', '__proto__'],
  ...['abcdefgh.-1.abcdef', 'abcdefgh.100000000000000000000.abcdef', 'abcdefgh.9999999999999999.abcdef', 'abcdefgh.1.abcdef'],
];

/** So few that no limit of the connection is met, not even that of full syncs. */
const AT_ONCE = 3;

export function inGroups<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, index) => all.slice(index * AT_ONCE, (index + 1) * AT_ONCE));
}
