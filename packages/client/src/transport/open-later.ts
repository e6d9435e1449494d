import { failure, type FailureCode } from './failure.js';
import { type Connection, type TransportEvent } from './transport.js';

/** A connection that has to wait for something before it can be opened. Where it is closed meanwhile, it never is. */
export function openLater(
  prepare: () => Promise<() => Connection>,
  code: FailureCode,
  listener: (event: TransportEvent) => void,
): Connection {
  let connection: Connection | null = null;
  let closed = false;
  const begin = async (): Promise<void> => {
    const open = await prepare();
    if (!closed) connection = open();
  };
  void begin().catch((error: unknown) => {
    if (!closed) listener({ type: 'Ended', failure: failure(code, String(error)) });
  });
  return {
    close: () => {
      closed = true;
      connection?.close();
    },
    acknowledge: async (receipt, signal) => connection?.acknowledge?.(receipt, signal),
  };
}
