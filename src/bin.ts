#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAdminCommands } from './admin-commands.js';

/** The shell's own word for "used wrongly"; 1 is for a server that cannot start. */
const USAGE = 2;

const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
const { version, description } = JSON.parse(manifest) as { version: string; description: string };

const program = new Command('flagwire')
  .description(description)
  .version(version)
  .showHelpAfterError('Try: flagwire --help')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE));

program
  .command('start')
  .description('Starts the server. Every setting is an environment variable: see the README.')
  // Not before it is wanted: the server takes half a second to load.
  .action(async () => (await import('./run.js')).runServer());

addAdminCommands(program);

// The commands that speak to a server, wherever it is; the server itself loads nothing of them.
if (process.argv[2] !== 'start') (await import('@flagwire/cli')).addCommands(program);

await program.parseAsync();
