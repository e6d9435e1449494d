/**
 * The floor of fan-out: bare node:http. An event is framed once as a chunk of HTTP/1.1, and the one Buffer is written to each
 * socket. `POST /change?bytes=N` sends an event of N bytes to everybody.
 */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';

const sockets = new Set();
let revision = 0;

function chunk(text) {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

function event(bytes) {
  revision += 1;
  const open = `id: floor000.${revision}.floor0\ndata: {"type":"FlagUpdated","data":"`;
  return chunk(`${open.padEnd(bytes - 4, 'x')}"}\n\n`);
}

const server = createServer((request, response) => {
  if (request.method === 'POST') {
    const frame = event(Number(new URL(request.url, 'http://floor').searchParams.get('bytes')));
    for (const socket of sockets) socket.write(frame);
    response.end();
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.write('data: {"type":"SyncComplete"}\n\n');
  sockets.add(request.socket);
  request.socket.on('close', () => sockets.delete(request.socket));
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
