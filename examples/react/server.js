import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const { FLAGWIRE_URL = 'http://127.0.0.1:3000', FLAGWIRE_CLIENT_KEY, PORT = '8080' } = process.env;

// As Vite does it, once: JSX and imports become files that a browser runs.
const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('src/main.jsx', import.meta.url))],
  ...{ bundle: true, splitting: true, format: 'esm', write: false, minify: true, outdir: '/' },
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
});
const scripts = new Map(outputFiles.map(({ path, text }) => [`/${path.split(/[\\/]/).pop()}`, text]));

const quoted = (text) => JSON.stringify(String(text).replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`));
const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="flagwire" data-url=${quoted(FLAGWIRE_URL)} data-key=${quoted(FLAGWIRE_CLIENT_KEY)}>
  <title>A flag in React</title>
  <link rel="icon" href="data:,">
  <div id="root"></div>
  <script type="module" src="/main.js"></script>
</html>`;

const HEADERS = {
  'Content-Security-Policy': `default-src 'none'; script-src 'self'; img-src data:; connect-src ${FLAGWIRE_URL}`,
  'X-Content-Type-Options': 'nosniff',
};

const server = createServer(({ url }, response) => {
  const send = (status, type, body) => response.writeHead(status, { ...HEADERS, 'Content-Type': type }).end(body);
  if (url === '/') return send(200, 'text/html; charset=utf-8', html);
  const script = scripts.get(url);
  return script === undefined ? send(404, 'text/plain', 'not here') : send(200, 'text/javascript', script);
});

server.listen(PORT, '127.0.0.1', () => console.log(`open http://127.0.0.1:${server.address().port}`));
