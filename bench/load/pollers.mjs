/**
 * Pollers in a process of their own: `{ poll: { port, path, tag, rate, ms } }` asks at that rate over connections that are kept,
 * whatever the answers take (open loop), and answers how many there were of each status.
 */
import { performance } from 'node:perf_hooks';
import { connect } from 'node:net';

const CONNECTIONS = 50;
const TICK_MS = 5;

function open(port, statuses) {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => resolve(socket)).on('error', reject);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      // A 304 has no body: its head is all of it.
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const status = text.slice(9, 12);
        statuses[status] = (statuses[status] ?? 0) + 1;
        text = text.slice(end + 4);
      }
    });
  });
}

async function poll({ port, path, tag, rate, ms }) {
  const statuses = {};
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(port, statuses)));
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nIf-None-Match: ${tag}\r\n\r\n`;
  const wanted = Math.round((rate * ms) / 1000);
  const from = performance.now();
  let sent = 0;
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(wanted, Math.floor(((performance.now() - from) * rate) / 1000));
      for (; sent < due; sent += 1) sockets[sent % CONNECTIONS].write(request);
      const answered = Object.values(statuses).reduce((sum, value) => sum + value, 0);
      if (answered < wanted && performance.now() - from < 4 * ms) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  for (const socket of sockets) socket.destroy();
  return { wanted, statuses };
}

process.on('message', async (message) => process.send(await poll(message.poll)));
process.on('disconnect', () => process.exit());
