import { readFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';

/** The version of the package `flagwire` that this node runs. */
@Injectable()
export class ServerVersion {
  readonly text = read();
}

function read(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
