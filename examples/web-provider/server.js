import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const { FLAGWIRE_URL = 'http://127.0.0.1:3000', FLAGWIRE_CLIENT_KEY, PORT = '8080' } = process.env;
const fileOf = (name) => new URL(`page/${name}`, import.meta.url);

// As any bundler would do it.
const { outputFiles } = await build({
  entryPoints: [fileURLToPath(fileOf('main.js'))],
  bundle: true,
  write: false,
  format: 'esm',
  minify: true,
});

/** A client key may stand in a page: it gives values to the origins that it lists, and nothing else. */
const html = readFileSync(fileOf('index.html'), 'utf8')
  .replace('FLAGWIRE_URL', FLAGWIRE_URL)
  .replace('FLAGWIRE_CLIENT_KEY', FLAGWIRE_CLIENT_KEY);
const FILES = {
  '/': { type: 'text/html; charset=utf-8', body: html },
  '/style.css': { type: 'text/css', body: readFileSync(fileOf('style.css')) },
  '/main.js': { type: 'text/javascript', body: outputFiles[0].text },
};
const HEADERS = {
  // Nothing inline, nothing from elsewhere, and connections to Flagwire only.
  'Content-Security-Policy': [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'",
    `frame-ancestors 'none'; connect-src ${FLAGWIRE_URL}`,
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

const server = createServer(({ url }, response) => {
  const { status = 200, type, body } = FILES[url] ?? { status: 404, type: 'text/plain', body: 'not here' };
  response.writeHead(status, { ...HEADERS, 'Content-Type': type }).end(body);
});
server.listen(PORT, '127.0.0.1', () => console.log(`open http://127.0.0.1:${server.address().port}`));
