import { SocketIoProbe } from '../../support/socket-io-client.js';
import { type SocketOptions, type SocketProbe, SocketRefused } from '../../support/socket-probe.js';
import { WebSocketProbe } from '../../support/web-socket-client.js';

export interface SocketDoor {
  name: string;
  connect: (options: SocketOptions) => Promise<SocketProbe>;
}

export const webSocket: SocketDoor = { name: 'websocket', connect: (options) => WebSocketProbe.connect(options) };
export const socketIo: SocketDoor = { name: 'socket.io', connect: (options) => SocketIoProbe.connect(options) };
export const socketDoors: readonly SocketDoor[] = [webSocket, socketIo];

/** The network socket under a client. */
export function transportOf(probe: SocketProbe): { pause: () => void; resume: () => void } {
  if (probe instanceof WebSocketProbe) return probe.socket;
  const engine = (probe as SocketIoProbe).socket.io.engine as unknown as { transport: { ws: WebSocketProbe['socket'] } };
  return engine.transport.ws;
}

/** Connects and waits for the first sync. */
export async function synced(door: SocketDoor, options: SocketOptions): Promise<SocketProbe> {
  const probe = await door.connect(options);
  await probe.waitForSync(20_000);
  return probe;
}

/** `admitted`, or the code of the refusal: of the `Error` on a plain WebSocket, of `connect_error` on Socket.IO. */
export async function verdict(door: SocketDoor, options: SocketOptions): Promise<string> {
  try {
    const probe = await door.connect(options);
    const first = await probe.waitFor(() => true);
    const closing = first.type === 'Error' ? await probe.closed : await probe.close();
    if (first.type !== 'Error') return first.type === 'SyncStarted' ? 'admitted' : first.type;
    return `${first.data.code}, closed with ${closing.code}`;
  } catch (error) {
    if (error instanceof SocketRefused) return error.code;
    throw error;
  }
}
