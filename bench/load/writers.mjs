/**
 * Writers in a process of their own: `{ write: { port, token, paths, ms } }` has one writer for each path, each of which changes
 * its flag's status, waits for the answer, and goes on, for so long. Answers how many changes were committed, and in what time.
 */
import { connect } from 'node:net';
import { monotonicUs } from './clock.mjs';

const STATUSES = ['enabled', 'disabled'];
const turns = new Map();

function request({ port, token }, path) {
  const turn = (turns.get(path) ?? 0) + 1;
  turns.set(path, turn);
  const body = `{"status":"${STATUSES[turn % 2]}"}`;
  const head = [
    `PATCH ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function writer(target, path, until) {
  let committed = 0;
  let text = '';
  return new Promise((resolve, reject) => {
    const socket = connect(target.port, '127.0.0.1', () => socket.write(request(target, path))).on('error', reject);
    socket.on('close', () => reject(new Error('A writer was cut off')));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n') + 4;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1]);
      if (end < 4 || text.length < end + length) return;
      if (!text.startsWith('HTTP/1.1 200 ')) return reject(new Error(`A change was answered ${text.slice(0, 500)}`));
      text = '';
      committed += 1;
      if (monotonicUs() < until) return socket.write(request(target, path));
      resolve(committed);
      socket.destroy();
    });
  });
}

async function write({ paths, ms, ...target }) {
  const from = monotonicUs();
  const counts = await Promise.all(paths.map((path) => writer(target, path, from + ms * 1000)));
  return { committed: counts.reduce((sum, count) => sum + count, 0), ms: (monotonicUs() - from) / 1000 };
}

process.on('message', async (message) => process.send(await write(message.write)));
process.on('disconnect', () => process.exit());
