/**
 * Clients that ask for all flags, in a process of their own: `{ evaluate: { url, headers, contexts, rate, ms } }` posts the contexts in
 * turn at that rate over connections that are kept, whatever the answers take (open loop), and answers how many there were of each
 * status, and how many bytes one has.
 */
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';

const TICK_MS = 5;
const agent = new Agent({ keepAlive: true, maxSockets: 20 });

function post({ url, headers }, body, tally) {
  const sent = request(
    url,
    { method: 'POST', agent, headers: { 'Content-Type': 'application/json', ...headers } },
    (response) => {
      response.on('data', ({ length }) => (tally.bytes += length));
      response.on('end', () => (tally.statuses[response.statusCode] = (tally.statuses[response.statusCode] ?? 0) + 1));
    },
  );
  sent.on('error', () => (tally.statuses.failed = (tally.statuses.failed ?? 0) + 1));
  sent.end(body);
}

async function evaluate({ contexts, rate, ms, ...target }) {
  const bodies = contexts.map((context) => JSON.stringify({ context }));
  const tally = { statuses: {}, bytes: 0 };
  const wanted = Math.round((rate * ms) / 1000);
  const from = performance.now();
  let sent = 0;
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(wanted, Math.floor(((performance.now() - from) * rate) / 1000));
      for (; sent < due; sent += 1) post(target, bodies[sent % bodies.length], tally);
      const answered = Object.values(tally.statuses).reduce((sum, value) => sum + value, 0);
      if (answered < wanted && performance.now() - from < 4 * ms) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  return { wanted, statuses: tally.statuses, bytes: Math.round(tally.bytes / wanted) };
}

process.on('message', async (message) => process.send(await evaluate(message.evaluate)));
process.on('disconnect', () => process.exit());
