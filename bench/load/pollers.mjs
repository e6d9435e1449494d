/**
 * Pollers in a process of their own: `{ poll: { port, path, tag, rate, ms } }` asks at that rate over connections that are kept,
 * whatever the answers take (open loop), each connection with the tag that it was answered last. Answers how many there were of
 * each status, and for each poll when it was due and when it was answered, in microseconds by the monotonic clock.
 */
import { connect } from 'node:net';
import { monotonicUs } from './clock.mjs';

const CONNECTIONS = 50;
const TICK_MS = 1;

/** The first whole answer of a text; null: there is none. */
function answerIn(text) {
  const end = text.indexOf('\r\n\r\n') + 4;
  if (end < 4) return null;
  const head = text.slice(0, end);
  const length = head.startsWith('HTTP/1.1 304') ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
  if (text.length < end + length) return null;
  return { status: head.slice(9, 12), tag: /\r\netag: ([^\r]+)/i.exec(head)?.[1], bytes: end + length };
}

function open(port, tag, onAnswer) {
  const poller = { tag, dues: [] };
  let text = '';
  return new Promise((resolve, reject) => {
    poller.socket = connect(port, '127.0.0.1', () => resolve(poller)).on('error', reject);
    poller.socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let answer = answerIn(text); answer !== null; answer = answerIn(text)) {
        poller.tag = answer.tag ?? poller.tag;
        text = text.slice(answer.bytes);
        onAnswer(answer.status, poller.dues.shift());
      }
    });
  });
}

async function poll({ port, path, tag, rate, ms }) {
  const statuses = {};
  const polls = [];
  const onAnswer = (status, due) => {
    statuses[status] = (statuses[status] ?? 0) + 1;
    polls.push([due, monotonicUs()]);
  };
  const pollers = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(port, tag, onAnswer)));
  const wanted = Math.round((rate * ms) / 1000);
  const from = monotonicUs();
  const ask = (number) => {
    const poller = pollers[number % CONNECTIONS];
    poller.dues.push(from + (number * 1e6) / rate);
    poller.socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nIf-None-Match: ${poller.tag}\r\n\r\n`);
  };
  let sent = 0;
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const elapsedMs = (monotonicUs() - from) / 1000;
      const due = Math.min(wanted, Math.floor((elapsedMs * rate) / 1000));
      for (; sent < due; sent += 1) ask(sent);
      if (polls.length < wanted && elapsedMs < 4 * ms) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  for (const { socket } of pollers) socket.destroy();
  return { wanted, statuses, polls };
}

process.on('message', async (message) => process.send(await poll(message.poll)));
process.on('disconnect', () => process.exit());
