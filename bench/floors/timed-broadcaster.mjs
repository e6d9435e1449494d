/**
 * The floor of propagation: the broadcaster, with an event that tells when it was due. An event is framed once as a chunk of
 * HTTP/1.1, and the one Buffer is written to each socket. `POST /change?bytes=N&due=T` sends an event of N bytes to everybody.
 */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';

const sockets = new Set();
let revision = 0;

function chunk(text) {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

function event(bytes, due) {
  revision += 1;
  const open = `id: floor000.${revision}.floor0\ndata: {"type":"FlagUpdated","data":{"due":"${due}","x":"`;
  return chunk(`${open.padEnd(bytes - 5, 'x')}"}}\n\n`);
}

const server = createServer((request, response) => {
  if (request.method === 'POST') {
    const { searchParams } = new URL(request.url, 'http://floor');
    const frame = event(Number(searchParams.get('bytes')), searchParams.get('due'));
    for (const socket of sockets) socket.write(frame);
    response.end();
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.write(`id: floor000.${revision}.floor0\ndata: {"type":"SyncComplete"}\n\n`);
  sockets.add(request.socket);
  request.socket.on('close', () => sockets.delete(request.socket));
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
