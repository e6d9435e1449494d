import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Setting, SETTINGS } from '../../src/config/settings.js';
import { projectRoot } from '../support/project-root.js';

const settings = Object.values(SETTINGS) as Setting<unknown>[];
const readme = readFileSync(join(projectRoot(), 'README.md'), 'utf8');

/** A default as it would be written in the environment: a time is held in milliseconds, and given in what the name says. */
function asText({ name, fallback }: Setting<unknown>): string {
  return typeof fallback === 'number' && name.endsWith('_S') ? String(fallback / 1000) : String(fallback);
}

function expectedTable(): string {
  const rows = settings.map((setting) => {
    const shown = setting.fallback === null ? 'none' : `\`${asText(setting)}\``;
    return `| \`${setting.name}\` | ${shown} | ${setting.doc.replaceAll('|', '\\|')} |`;
  });
  return ['| Setting | Default | What it is |', '|---|---|---|', ...rows].join('\n');
}

describe('the settings table in README.md', () => {
  it('has the names, the defaults and the sentences of the source', () => {
    const [, present = ''] = /<!-- settings -->\n([\s\S]*?)\n<!-- \/settings -->/.exec(readme) ?? [];
    const wanted = expectedTable();
    const verdict = present === wanted ? 'as in the source' : `Put this between the two settings comments:\n\n${wanted}\n`;
    expect(verdict).toBe('as in the source');
  });

  it('gives defaults that the server would read as what it has without them', () => {
    const given = settings.filter(({ fallback }) => fallback !== null);
    expect(given.map((setting) => setting.parse(asText(setting)))).toEqual(given.map(({ fallback }) => fallback));
  });
});
