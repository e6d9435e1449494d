/** The sync protocol's wire types, parsers and limits (docs/protocol.md). No state, no I/O. */
export * from './json.js';
export * from './flag.js';
export * from './cursor.js';
export * from './filter.js';
export * from './messages.js';
export * from './requests.js';
export * from './lent.js';
