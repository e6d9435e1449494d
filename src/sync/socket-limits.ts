/** The largest frame that a client may send; what it can ask for is far smaller. */
export const FRAME_BYTES = 64 * 1024;
/** Sockets beyond the connections that a node may have: those who are still being looked at, and those who are being sent away. */
export const SPARE_SOCKETS = 1000;
