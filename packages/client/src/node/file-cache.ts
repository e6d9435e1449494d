/// <reference types="node" />
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Cache } from '../cache/cache.js';

/**
 * In a file, for one process at a time. A power cut leaves the old text or the new one: the new one is written beside, brought to
 * the disk, and then takes the name. The folder has to be there.
 * @throws (rejects) with Node's own error where the file cannot be read or written; a file that is not there is null.
 */
export function fileCache(path: string): Cache {
  const beside = `${path}.${process.pid}.tmp`;
  return {
    read: async () => {
      try {
        return await readFile(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
    write: async (text) => {
      try {
        // Definitions of a server key are nobody else's business.
        await withFile(beside, 'w', async (file) => {
          await file.writeFile(text);
          await file.sync();
        });
        await rename(beside, path);
      } catch (error) {
        await rm(beside, { force: true });
        throw error;
      }
      // The name itself is on the disk only with its folder. Windows opens none.
      if (process.platform !== 'win32') await withFile(dirname(path), 'r', (folder) => folder.sync());
    },
  };
}

async function withFile(
  path: string,
  flags: string,
  use: (file: Awaited<ReturnType<typeof open>>) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}
