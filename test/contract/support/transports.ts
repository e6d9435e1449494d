import { longPoll } from './long-poll-subscriber.js';
import { poll } from './poll-subscriber.js';
import { socketIo, sse, webSocket } from './probe-subscriber.js';
import { since } from './since-subscriber.js';
import { type Transport } from './subscriber.js';

/** Every promise is kept on each of these, or test/contract/matrix-reasons.json says why it does not apply. */
export const transports: readonly Transport[] = [sse, webSocket, socketIo, poll, since, longPoll];
