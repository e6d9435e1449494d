import { type Frame } from './frame.js';

export const TRANSPORTS = ['sse', 'websocket', 'socket.io', 'grpc'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** A message before it has a form. */
export interface Outgoing {
  /** `{"type":…,"data":…` without the closing brace: each form adds its own fields. */
  readonly openText: string;
  readonly id: string;
  /** The change set goes on with the next event. */
  readonly more?: boolean;
  /** Of the request that this answers. */
  readonly requestId?: string | undefined;
}

/** A kind of connection, whatever is sent on it. */
export interface Wire {
  readonly transport: Transport;
  /** Keeps a quiet connection alive; null where the transport's library does that. */
  readonly ping: Frame | null;
}

/** How messages look on one kind of connection. */
export interface Form extends Wire {
  /** One message, as text; `pack` makes bytes of it. */
  text(message: Outgoing): string;
  /** Whole messages in as few frames as their size allows; lazily, one frame at a time. */
  pack(texts: Iterable<string>): Iterable<Frame>;
  /** Frames that end their messages, as one. */
  join(frames: readonly Frame[]): Frame;
  /** What tells the client where it stands, and when it may come back; null where messages alone say so. */
  opening(id: string, retryMs: number): Frame | null;
}

/** A message's JSON without its closing brace. */
export function openText(message: object): string {
  return JSON.stringify(message).slice(0, -1);
}

/** The fields that follow `openText`, and the closing brace. @param id null: the transport has a place of its own for it. */
export function closing({ more, requestId }: Outgoing, id: string | null): string {
  const idField = id === null ? '' : `,"id":"${id}"`;
  const moreField = more === true ? ',"more":true' : '';
  const requestField = requestId === undefined ? '' : `,"request_id":${JSON.stringify(requestId)}`;
  return `${idField}${moreField}${requestField}}`;
}

/** One message as one frame; only for messages that are smaller than a slice. */
export function frameOf(form: Form, message: Outgoing): Frame {
  const [frame] = form.pack([form.text(message)]);
  if (frame === undefined) throw new TypeError('A message gave no frame');
  return frame;
}
