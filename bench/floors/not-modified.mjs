/** The floor of polling: bare node:http that compares a tag, with the headers that a 304 of the product has. */
import { createServer } from 'node:http';

const TAG = 'W/"floor000.1.floor0"';

const server = createServer((request, response) => {
  response.setHeader('ETag', TAG);
  response.setHeader('Last-Modified', 'Thu, 01 Jan 2026 00:00:00 GMT');
  response.setHeader('Cache-Control', 'private, no-cache');
  response.setHeader('Vary', 'Accept-Encoding, Authorization, X-API-Key');
  response.statusCode = request.headers['if-none-match'] === TAG ? 304 : 200;
  response.end();
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
