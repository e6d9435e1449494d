/**
 * The floor of fan-out by Socket.IO: its own broadcast to a room, by WebSocket only, nothing compressed. It encodes a packet and
 * frames it once for all. `POST /change?bytes=N` sends an event whose frame holds N bytes to everybody.
 */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

/** No pings, as on the other side. */
const NEVER_MS = 3_600_000;
const ROOM = 'everybody';
let revision = 0;

const message = (type, data) => ({ type, data, id: `floor000.${revision}.floor0` });

function event(bytes) {
  revision += 1;
  const around = `42/sdk,["message",${JSON.stringify(message('FlagUpdated', ''))}]`.length;
  return message('FlagUpdated', 'x'.repeat(bytes - around));
}

const server = createServer((request, response) => {
  namespace.to(ROOM).emit('message', event(Number(new URL(request.url, 'http://floor').searchParams.get('bytes'))));
  response.end();
});
const io = new Server(server, {
  transports: ['websocket'],
  perMessageDeflate: false,
  serveClient: false,
  pingInterval: NEVER_MS,
  pingTimeout: NEVER_MS,
});
const namespace = io.of('/sdk').on('connection', (socket) => {
  socket.join(ROOM);
  socket.emit('message', message('SyncComplete', {}));
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
