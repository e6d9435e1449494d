import { type RecordedSocket } from './recorded-socket.js';
import { type Recorder } from './recorder.js';

const FLAGS = ['checkout.new-flow', 'checkout.gift-cards', 'upload-limit'];

/** Requests and their answers; `ask` puts a request into the form of the transport. */
type Ask = (type: string, fields: object) => string;

async function session(recorder: Recorder, socket: RecordedSocket, ask: Ask): Promise<void> {
  await socket.until('SyncComplete');
  recorder.note('A change set of two flags.');
  const cursor = await recorder.changeSet([
    { flag: 'checkout.new-flow', status: 'enabled' },
    { flag: 'upload-limit', status: 'enabled' },
  ]);
  await socket.until(`"id":"${cursor}"`);
  recorder.note('The client asks for some of the flags: it gets all of these, and drops the others.');
  socket.send(ask('Subscribe', { flags: ['checkout.*'], request_id: 'a' }));
  await socket.until('SyncComplete');
}

async function questions(recorder: Recorder, socket: RecordedSocket, ask: Ask): Promise<void> {
  recorder.note('Of the next change set one flag is for this client.');
  const cursor = await recorder.changeSet([
    { flag: 'checkout.gift-cards', status: 'enabled' },
    { flag: 'upload-limit', status: 'disabled' },
  ]);
  await socket.until(`"id":"${cursor}.`);
  recorder.note('A question; the answer is no part of the state of a client whose filter is without it.');
  socket.send(ask('GetFlag', { flag_id: 'upload-limit', request_id: 'b' }));
  await socket.until('"request_id":"b"');
}

async function prepared(recorder: Recorder): Promise<string> {
  for (const flag of FLAGS) await recorder.flag(flag);
  return recorder.presentCursor();
}

/** What the transcripts of sockets record. */
export const socketScenarios: Record<string, (recorder: Recorder) => Promise<void>> = {
  async websocket(recorder) {
    const ask: Ask = (type, fields) => JSON.stringify({ type, ...fields });
    const cursor = await prepared(recorder);
    recorder.note('A client comes back on a plain WebSocket. Each line after the heads is one text message.');
    const socket = await recorder.webSocket(cursor);
    await session(recorder, socket, ask);
    await questions(recorder, socket, ask);
    recorder.note('What cannot be done is answered too.');
    socket.send(ask('GetFlag', { flag_id: 'upload-limits', request_id: 'c' }));
    await socket.until('"request_id":"c"');
    socket.send(ask('Ping', {}));
    await socket.until('Pong');
    recorder.note('Its key is revoked.');
    await recorder.revoke();
    recorder.note(`The server has closed the connection with ${await socket.ended()}.`);
  },

  async 'socket-io'(recorder) {
    let asked = 0;
    const ask: Ask = (type, fields) => `42/sdk,${asked++}${JSON.stringify([type, fields])}`;
    const cursor = await prepared(recorder);
    recorder.note(
      'A client of Socket.IO, as its library writes: Engine.IO says who it is (0), the client enters the namespace with its\n' +
        'key and cursor (40), events are 42, and acknowledgements 43 with the number of the request.',
    );
    const socket = await recorder.socketIo();
    await socket.until('pingInterval');
    socket.send(`40/sdk,${JSON.stringify({ key: recorder.key, last_event_id: cursor })}`);
    await session(recorder, socket, ask);
    await socket.until('43/sdk,');
    await questions(recorder, socket, ask);
    await socket.until('43/sdk,');
    recorder.note('What cannot be done is answered by an Error, and acknowledged with it.');
    socket.send(ask('GetFlag', { flag_id: 'upload-limits', request_id: 'c' }));
    await socket.until('43/sdk,');
    recorder.note('Its key is revoked. It leaves the namespace (41): the library does not come back by itself.');
    await recorder.revoke();
    await socket.ended();
  },
};
