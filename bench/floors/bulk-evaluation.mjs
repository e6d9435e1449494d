/**
 * The floor of bulk evaluation: bare node:http and bare flagd-core. `PUT /` takes a flag file of flagd; `POST /` resolves every flag in it
 * for the context in the body, and writes what was resolved; `POST /?bare=COUNT` resolves all that often and writes nothing of it.
 */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import { FlagdCore } from '@openfeature/flagd-core';

const silent = { error() {}, warn() {}, info() {}, debug() {} };
const core = new FlagdCore(undefined, silent, { disableDynamicCodeGeneration: true });
let flags = [];

const resolved = (context) => flags.map(([key, flag]) => ({ key, ...flag.evaluate(context, silent) }));

const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  if (request.method === 'PUT') {
    core.setConfigurations(text);
    flags = [...core.getFlags()];
    return response.end();
  }
  const { context } = JSON.parse(text);
  const count = Number(new URL(request.url, 'http://floor').searchParams.get('bare'));
  for (let made = 0; made < count; made += 1) for (const [, flag] of flags) flag.evaluate(context, silent);
  if (count > 0) return response.end();
  const body = JSON.stringify({ flags: resolved(context) });
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }).end(body);
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
