import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Subscription } from 'rxjs';
import { KeyRing } from '../auth/key-ring.js';
import { type GrantedStream, Streams, type StreamWish } from '../sync/streams.js';
import { hasOnly, headersOf, smallLetters } from './headers.js';
import { Memory } from './remembered.js';
import { asksOnlyWhatIsKnown, streamQuestionOf } from './stream-question.js';

/** What is repeated, as it is spelt. */
const REPEATED = [
  'Content-Type',
  'Connection',
  'Cache-Control',
  'Expires',
  'Pragma',
  'Vary',
  'X-Accel-Buffering',
  'X-Content-Type-Options',
  'Strict-Transport-Security',
];
/** Drawn for each stream. One with any other header is not learned from. */
const NAMES = smallLetters([...REPEATED, 'X-Request-Id']);

/** What the routes have let in. */
export interface KnownStream {
  readonly wish: StreamWish;
  /** See `headersOf`. */
  readonly headers: readonly string[];
}

/** Which streams were let in, and what their heads were. */
@Injectable()
export class KnownStreams implements OnApplicationShutdown {
  private readonly streams;
  private readonly learning: Subscription;

  constructor(
    private readonly keys: KeyRing,
    memory: Memory,
    { granted }: Streams,
  ) {
    this.streams = memory.of<KnownStream>();
    this.learning = granted.subscribe((stream) => this.learn(stream));
  }

  onApplicationShutdown(): void {
    this.learning.unsubscribe();
  }

  /** Undefined: the routes have not granted it, or not lately. */
  stream(question: string): KnownStream | undefined {
    return this.streams.get(question);
  }

  private learn({ wish, request, response }: GrantedStream): void {
    const question = streamQuestionOf(request);
    const { keyId } = wish.principal;
    if (question === null || !this.keys.isLive(keyId) || !asksOnlyWhatIsKnown(request.originalUrl)) return;
    if (response.statusCode !== 200 || !hasOnly(response, NAMES)) return;
    this.streams.learn(question, { wish, headers: headersOf(response, REPEATED) });
  }
}
