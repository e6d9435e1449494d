import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { ticketsFor } from './tickets.js';

const { FLAGWIRE_URL = 'http://127.0.0.1:3000', FLAGWIRE_SDK_KEY, PORT = '8080' } = process.env;
const TYPES = { html: 'text/html; charset=utf-8', css: 'text/css', js: 'text/javascript' };

/** What the page imports, and where npm has put it. A bundler would do the same. */
const MODULES = ['@flagwire/client', '@flagwire/protocol/sync', 'eventsource-parser'].map((name) => ({
  path: `/modules/${name.replace('/sync', '')}/`,
  folder: new URL('.', import.meta.resolve(name)),
}));

const html = readFileSync(new URL('page/index.html', import.meta.url), 'utf8').replace('FLAGWIRE_URL', FLAGWIRE_URL);
const [, importMap] = /<script type="importmap">([^]*?)<\/script>/.exec(html);
const HEADERS = {
  // Nothing inline but the import map, nothing from elsewhere, and connections to this server and to Flagwire only.
  'Content-Security-Policy': [
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    `script-src 'self' 'sha256-${createHash('sha256').update(importMap).digest('base64')}'`,
    `connect-src 'self' ${FLAGWIRE_URL} ${FLAGWIRE_URL.replace(/^http/, 'ws')}`,
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/** The key stays here. What a page gets is good for these flags, for an hour, and for reading alone. */
const ticket = ticketsFor(['welcome'], { url: FLAGWIRE_URL, key: FLAGWIRE_SDK_KEY });

const server = createServer(async (request, response) => {
  const send = (status, type, body) => response.writeHead(status, { ...HEADERS, 'Content-Type': type }).end(body);
  try {
    const { pathname } = new URL(request.url, 'http://page');
    if (pathname === '/flag-ticket') {
      // A real backend asks here who the visitor is.
      if (request.method !== 'POST') return send(405, 'text/plain', 'POST it');
      return send(200, 'application/json', JSON.stringify(await ticket()));
    }
    if (pathname === '/') return send(200, TYPES.html, html);
    const file = fileOf(pathname);
    if (file === null || !existsSync(file)) return send(404, 'text/plain', 'not here');
    return send(200, TYPES[pathname.split('.').pop()], readFileSync(file));
  } catch (error) {
    console.error(error.message);
    return send(502, 'text/plain', 'failed');
  }
});

/** Only plain names: nothing outside of the folders. */
function fileOf(pathname) {
  const within = (folder, path) => (/^([\w-]+\/)*[\w.-]+\.(js|css)$/.test(path) ? new URL(path, folder) : null);
  const module = MODULES.find(({ path }) => pathname.startsWith(path));
  if (module !== undefined) return within(module.folder, pathname.slice(module.path.length));
  return within(new URL('page/', import.meta.url), pathname.slice(1));
}

server.listen(PORT, '127.0.0.1', () => console.log(`open http://127.0.0.1:${server.address().port}`));
