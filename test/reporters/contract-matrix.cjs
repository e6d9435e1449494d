const CELL = /\[matrix\]\s*([^|]+?)\s*\|\s*([^|]+?)\s*\|\s*(\S+)/;

/** Which promise holds over which transport and database, as far as the tests of a run say. */
class ContractMatrix {
  /** @param complete whether all tests were asked for: only then does a cell without a test need a reason. */
  constructor(reasons, complete) {
    this.reasons = reasons;
    this.complete = complete;
    this.statuses = new Map();
    this.rows = new Set();
    this.columns = new Map();
    this.notes = [];
    this.emptyCells = [];
  }

  get isEmpty() {
    return this.columns.size === 0;
  }

  add({ ancestorTitles, title, status }) {
    const match = [...ancestorTitles, title].map((part) => CELL.exec(part)).find(Boolean);
    if (!match) return;
    const [, row, transport, database] = match;
    this.rows.add(row);
    this.columns.set(`${transport}|${database}`, { transport, database });
    const cell = `${row}|${transport}|${database}`;
    this.statuses.set(cell, worse(this.statuses.get(cell), status));
  }

  render() {
    if (this.complete) for (const key of Object.keys(this.reasons)) this.rows.add(key.split('|')[0].trim());
    const columns = [...this.columns.values()];
    const table = [
      ['', ...columns.map(({ transport }) => transport)],
      ['', ...columns.map(({ database }) => database)],
      ...[...this.rows].map((row) => [row, ...columns.map((column) => this.mark(row, column))]),
    ];
    const notes = this.notes.map((reason, index) => `[${index + 1}] ${reason}`);
    const empty = this.emptyCells.map((cell) => `EMPTY without a reason: ${cell}`);
    return [...align(table), ...notes, ...empty].join('\n');
  }

  mark(row, { transport, database }) {
    const status = this.statuses.get(`${row}|${transport}|${database}`);
    if (status === 'failed') return '✗';
    if (status === 'passed') return '✓';
    const reason = this.reasons[`${row}|${transport}|${database}`] ?? this.reasons[`${row}|${transport}`];
    if (reason) return this.note(reason);
    if (!this.complete) return '·';
    this.emptyCells.push(`${row} | ${transport} | ${database}`);
    return 'EMPTY';
  }

  note(reason) {
    if (!this.notes.includes(reason)) this.notes.push(reason);
    return `[${this.notes.indexOf(reason) + 1}]`;
  }
}

/** Several tests may stand for one cell: one failure spoils it, and only a test that ran fills it. */
function worse(before, after) {
  if (before === 'failed' || after === 'failed') return 'failed';
  return before === 'passed' || after === 'passed' ? 'passed' : 'skipped';
}

function align(table) {
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  return table.map((line) =>
    line
      .map((text, column) => text.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}

module.exports = { ContractMatrix };
