/** The most bytes of one write: small enough that a slow reader holds back little, large enough to cost few writes. */
export const SLICE_BYTES = 64 * 1024;

/** Bytes that are shared by all connections that get them: made once, never changed. */
export interface Frame {
  /** Ready for the socket. */
  readonly bytes: Buffer;
  /** False: the message goes on in the next frame, and nothing may come between. */
  readonly endsMessage: boolean;
}
