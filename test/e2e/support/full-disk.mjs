/**
 * Loaded with --import in front of the server: SIGUSR2 takes all room for more from its SQLite file, and gives it back the next
 * time. The limit is a property of the connection that writes, so it has to be set inside of the process.
 */
import { createRequire } from 'node:module';
import process from 'node:process';

const Database = createRequire(import.meta.url)('libsql');
const { pragma } = Database.prototype;
const UNLIMITED = 4_294_967_294;
let writer = null;
let isFull = false;

Database.prototype.pragma = function (text, ...rest) {
  // Said by the connection that writes, and by no other.
  if (text === 'synchronous = FULL') writer = this;
  return pragma.call(this, text, ...rest);
};

process.on('SIGUSR2', () => {
  isFull = !isFull;
  // SQLite takes no limit below what the file has: this leaves exactly that.
  pragma.call(writer, `max_page_count = ${isFull ? 1 : UNLIMITED}`);
  process.stderr.write(isFull ? 'the disk is full\n' : 'the disk has room\n');
});
