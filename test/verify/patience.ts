/** For what has to come and whose speed is not the point. */
export const PATIENCE_MS = 30_000;
