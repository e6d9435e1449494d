/**
 * A process with a client over every default transport, one over all of them in their order, and one over Socket.IO. Asked by a message,
 * it answers with what they hold and what it holds itself; told `close`, it closes them, and ends because nothing is left.
 */
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

// The built SDK, which is not there before the first build.
const built = (file) => import(new URL(`../../../packages/client/dist/${file}`, import.meta.url).href);
const { FlagSyncClient } = await built('client.js');
const { defaultTransports } = await built('transport/default-transports.js');
const { socketIo } = await built('transports.js');

const [url, sdkKey] = process.argv.slice(2);
const doors = (site) => defaultTransports(site, { credential: 'key', WebSocket });
const names = doors({ url, flags: null }).map(({ name }) => name);
const makers = {
  ...Object.fromEntries(names.map((name, index) => [name, (site) => [doors(site)[index]]])),
  'socket.io': (site) => [socketIo(site, io)],
  'all of them': doors,
};

/** Tells how each sync begins; a poll by its tag knows no other than a full one. */
function overheard(transport, tell) {
  const listen = (listener) => (event) => {
    const control = event.type === 'Received' && event.message.type === 'Control' ? event.message.control : null;
    if (control?.type === 'SyncStarted') tell(control.data.mode);
    if (event.type === 'Answered' && transport.name !== 'poll') tell(event.answer.mode);
    listener(event);
  };
  return { ...transport, open: (request, listener) => transport.open(request, listen(listener)) };
}

const seen = Object.entries(makers).map(([name, make]) => {
  const one = { name, full: 0, revisions: [], failures: 0 };
  one.client = new FlagSyncClient({
    url,
    sdkKey,
    transports: (site) =>
      make(site).map((transport) => overheard(transport, (mode) => void (one.full += mode === 'full' ? 1 : 0))),
    // Restart follows on restart: with the whole back-off each would be waited for half a minute.
    random: () => Math.random() * 0.1,
  });
  one.client.on('change', ({ revision }) => void one.revisions.push(revision));
  one.client.on('error', () => void (one.failures += 1));
  return one;
});

function look() {
  globalThis.gc();
  const clients = seen.map(({ client, name, full, revisions, failures }) => {
    const { state, transport } = client.status;
    return { name, full, revisions, failures, state, transport, flags: client.all() };
  });
  return { clients, heap: process.memoryUsage().heapUsed, handles: process.getActiveResourcesInfo() };
}

process.on('message', (word) => {
  if (word === 'look') process.send(look());
  if (word !== 'close') return;
  for (const { client } of seen) void client.close();
  process.disconnect();
});
