/**
 * The floor of fan-out by plain WebSocket: bare `ws`. A message is framed once (RFC 6455 section 5.2), and the one Buffer is written
 * to each socket. `POST /change?bytes=N` sends a message of N bytes, 126 to 65,535, to everybody.
 */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const FINAL_TEXT = 0x81;
const sockets = new Set();
let revision = 0;

function frame(bytes) {
  revision += 1;
  const close = `","id":"floor000.${revision}.floor0"}`;
  const text = '{"type":"FlagUpdated","data":"'.padEnd(bytes - close.length, 'x') + close;
  return Buffer.concat([Buffer.from([FINAL_TEXT, 126, bytes >> 8, bytes & 0xff]), Buffer.from(text)]);
}

const server = createServer((request, response) => {
  const shared = frame(Number(new URL(request.url, 'http://floor').searchParams.get('bytes')));
  for (const socket of sockets) socket.write(shared);
  response.end();
});
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (client, { socket }) => {
  client.send(`{"type":"SyncComplete","data":{},"id":"floor000.${revision}.floor0"}`);
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
