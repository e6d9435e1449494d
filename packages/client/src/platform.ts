import { type Page } from './api/page.js';
import { type WebSocketConstructor } from './transport/web-socket.transport.js';

/**
 * What the core takes from its runtime, by its shape: its types ask for neither the DOM's nor Node's, and no program that imports
 * them has to.
 */
export interface FetchResponse {
  readonly status: number;
  /** `opaqueredirect`: a redirect, in a browser, where it was asked not to follow. */
  readonly type?: string;
  readonly headers: { get(name: string): string | null };
  readonly body: { getReader(): BodyReader } | null;
}

export interface BodyReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
}

/** `fetch`, or what stands in for it. */
export type Fetch = (url: string, init: object) => Promise<FetchResponse>;

/** Monotonic milliseconds, and timers. */
export interface Clock {
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

interface Globals extends Page {
  /** Node.js 20 has none. */
  WebSocket?: WebSocketConstructor;
  fetch: Fetch;
  console?: { warn(message: string): void };
  performance: { now(): number };
  setTimeout: Clock['setTimeout'];
  clearTimeout: Clock['clearTimeout'];
  AbortController: new () => { readonly signal: object; abort(): void };
  TextDecoder: new (
    label?: string,
    options?: { fatal: boolean },
  ) => {
    decode(bytes?: Uint8Array, options?: { stream: boolean }): string;
  };
}

export const globals = globalThis as unknown as Globals;

export const systemClock: Clock = {
  now: () => globals.performance.now(),
  setTimeout: (callback, ms) => globals.setTimeout(callback, ms),
  clearTimeout: (timer) => globals.clearTimeout(timer),
};
