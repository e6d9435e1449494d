import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

/** What belongs to a SQLite file while, and sometimes after, it is used. */
export const SIDE_FILES = ['-wal', '-shm'];

/** A back-up holds hashes of keys and the secrets that tickets are signed with: it is its owner's alone. */
export const OWNER_ONLY = 0o600;

/** Returns when what was written is on the disk, and the names in its folder with it. */
export function sync(file: string): void {
  for (const path of [file, dirname(file)]) {
    const descriptor = openSync(path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}
