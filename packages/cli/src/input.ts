import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { EXIT, own } from './command-error.js';

/**
 * The text of a file, or of stdin for `-`.
 * @throws CommandError
 */
export async function readText(path: string): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw own('unreadable_file', `${path} cannot be read (${reason}).`, EXIT.usage, 'Give the path of a file, or - for stdin.');
  }
}
