/**
 * The floor of a connect: bare node:http that answers every stream with the same bytes, whose end is a client's sync, and keeps it
 * open. `POST /` sets them: those that the product sends.
 */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

let bytes = Buffer.alloc(0);

async function take(request, response) {
  bytes = await buffer(request);
  response.end();
}

const server = createServer((request, response) => {
  if (request.method === 'POST') return take(request, response);
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.write(bytes);
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
