import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { watchRefusal } from '../../support/known-secrets.js';
import { within } from '../../support/wait.js';

/** What a client may ask for over a socket. */
const REQUESTS = [
  { type: 'Subscribe' },
  { type: 'Subscribe', flags: ['*'] },
  { type: 'GetAllFlags' },
  { type: 'GetFlag', flag_id: 'mark-ours-flag' },
] as const;

const FOR_MS = 20_000;

/** All that was received until the socket closed, or until a sync was complete and the requests were answered. */
export type Frames = (url: string, credential: { key?: string; ticket?: string }) => Promise<string>;

/** Over a plain WebSocket. */
export const webSocketFrames: Frames = async (url, credential) => {
  const query = new URLSearchParams(credential).toString();
  const socket = new WebSocket(`${url.replace('http', 'ws')}/sdk/ws?${query}`);
  let text = '';
  const closed = new Promise<void>((resolve) => {
    socket.on('error', (error) => (text += String(error)));
    socket.on('close', (code, reason) => {
      text += ` closed ${code} ${reason.toString('utf8')}`;
      resolve();
    });
    socket.on('open', () => REQUESTS.forEach((request) => socket.send(JSON.stringify(request))));
    socket.on('message', (data: Buffer) => {
      text += data.toString('utf8');
      if (text.includes('SyncComplete')) socket.close();
    });
  });
  await within(closed, FOR_MS, 'the end of a WebSocket');
  watchRefusal('a WebSocket', text);
  return text;
};

/** Over Socket.IO, in the namespace `/sdk`. */
export function socketIoFrames(namespace = '/sdk'): Frames {
  return async (url, credential) => {
    const socket = io(`${url}${namespace}`, { transports: ['websocket'], forceNew: true, reconnection: false, auth: credential });
    let text = '';
    const ended = new Promise<void>((resolve) => {
      socket.on('connect', () => {
        for (const { type, ...rest } of REQUESTS) socket.emit(type, rest, (answer: unknown) => (text += JSON.stringify(answer)));
      });
      socket.on('connect_error', (error) => {
        text += JSON.stringify({ refused: error.message, ...(error as { data?: object }).data });
        resolve();
      });
      socket.on('disconnect', () => resolve());
      socket.onAny((name: string, ...data: unknown[]) => {
        text += JSON.stringify([name, ...data]);
        if (text.includes('SyncComplete')) resolve();
      });
    });
    try {
      await within(ended, FOR_MS, 'the end of a Socket.IO connection');
    } finally {
      socket.disconnect();
    }
    watchRefusal('a Socket.IO connection', text);
    return text;
  };
}
