import { type Command } from 'commander';
import { addDoctor } from './commands/doctor.js';
import { addGet } from './commands/get.js';
import { addList } from './commands/list.js';
import { addSet } from './commands/set.js';
import { addToggle } from './commands/toggle.js';
import { addKeys } from './commands/keys.js';
import { addExport } from './commands/export.js';
import { addImport } from './commands/import.js';
import { addTail } from './commands/tail.js';
import { addWait } from './commands/wait.js';
import { speakPlainly } from './usage-errors.js';

/** Adds the commands that speak to a server, which may be anywhere, to the program whose own command starts one. */
export function addCommands(program: Command): void {
  speakPlainly(program);
  for (const add of [addList, addGet, addSet, addToggle, addKeys, addExport, addImport, addTail, addWait, addDoctor])
    add(program);
}
