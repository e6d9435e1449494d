import { type Product } from './product.js';
import { type Floor } from './programs.js';

const SOCKET_IO_PATH = '/socket.io/?EIO=4&transport=websocket';

/** What `load/clients.mjs` connects to. */
export interface Target {
  door: Door;
  port: number;
  path: string;
  auth?: { key: string };
}

/** The ways to connect: by what name, beside which floor, and how many bytes frame an event of a few hundred. */
export const DOORS = {
  sse: { name: 'SSE', floor: 'broadcaster', framing: 7, path: (key: string) => `/sdk/stream?key=${key}` },
  webSocket: { name: 'plain-WebSocket', floor: 'web-socket', framing: 4, path: (key: string) => `/sdk/ws?key=${key}` },
  socketIo: { name: 'Socket.IO', floor: 'socket-io', framing: 4, path: () => SOCKET_IO_PATH },
} as const;
export type Door = keyof typeof DOORS;

/** @param filter as `?flags=` has it; default: all flags. */
export function productTarget(door: Door, { server, key }: Product, filter?: string): Target {
  const path = DOORS[door].path(key) + (filter === undefined ? '' : `&flags=${filter}`);
  return { door, port: server.port, path, auth: { key } };
}

export function floorTarget(door: Door, { port }: Floor): Target {
  return { door, port, path: door === 'socketIo' ? SOCKET_IO_PATH : '/' };
}
