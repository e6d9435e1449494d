const { existsSync, mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { isComplete } = require('./complete-run.cjs');

/** Read by test/support/search-tally.ts, in Jest's workers. */
const TALLY = 'FLAGWIRE_TEST_SEARCHES';
const COUNTS = ['servers', 'secrets', 'found', 'ms'];
const PLACES = ['logs', 'metrics', 'databases', 'traces', 'refusals'];

/**
 * Says in how much of what the servers of a run left behind the secrets of their tests were looked for: `none found` means something
 * only where something was searched. A suite in which one is found has failed by itself; a complete run fails where nothing was searched.
 */
module.exports = class SecretsReporter {
  constructor(globalConfig) {
    this.complete = isComplete(globalConfig);
    this.folder = mkdtempSync(join(tmpdir(), 'flagwire-searches-'));
    this.file = join(this.folder, 'tally');
    process.env[TALLY] = this.file;
  }

  onRunComplete() {
    const total = sum(this.file);
    rmSync(this.folder, { recursive: true, force: true });
    if (total.servers > 0) process.stdout.write(`\n${sentence(total)}\n`);
    // Only a suite with a collector has traces.
    const missing = ['servers', 'secrets', ...PLACES].filter((name) => name !== 'traces' && total[name] === 0);
    if (this.complete && missing.length > 0) this.error = new Error(`not searched for secrets: ${missing.join(', ')}`);
  }

  getLastError() {
    return this.error;
  }
};

function sum(file) {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  const searches = lines.map((line) => JSON.parse(line));
  return Object.fromEntries(
    [...COUNTS, ...PLACES].map((name) => [name, searches.reduce((total, search) => total + (search[name] ?? 0), 0)]),
  );
}

function sentence(total) {
  const places = PLACES.map((name) => `${Math.ceil(total[name] / 1e3).toLocaleString('en')} kB of ${name}`).join(', ');
  const { servers, secrets, found, ms } = total;
  const seconds = (ms / 1000).toFixed(1);
  return `Searched what ${servers} servers left behind for ${secrets} secrets, in ${seconds} s: ${places}. ${found || 'None'} found.`;
}
