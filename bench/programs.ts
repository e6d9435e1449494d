import { join } from 'node:path';
import { Program } from '../test/support/program.js';
import { type RowOptions } from './row.js';

export type { Program } from '../test/support/program.js';

type CleanUp = RowOptions['cleanUp'];

/** A program of this folder; ends with its row. @param nodeArgs options of Node itself. */
export function startProgram(path: string, cleanUp: CleanUp, nodeArgs?: readonly string[]): Program {
  const program = new Program(join('bench', path), nodeArgs);
  cleanUp(() => program.end());
  return program;
}

export interface Floor {
  port: number;
  pid: number;
  url: string;
  program: Program;
}

export async function startFloor(name: string, cleanUp: CleanUp, nodeArgs?: readonly string[]): Promise<Floor> {
  const program = startProgram(join('floors', `${name}.mjs`), cleanUp, nodeArgs);
  const { port } = await program.next<{ port: number }>();
  return { port, pid: program.pid, url: `http://127.0.0.1:${port}`, program };
}
