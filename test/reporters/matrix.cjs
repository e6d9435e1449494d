const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { isComplete } = require('./complete-run.cjs');
const { ContractMatrix } = require('./contract-matrix.cjs');

const REASONS = 'test/contract/matrix-reasons.json';

/**
 * Prints the contract suite's table: a row for each promise, a column for each transport and database.
 * Contract tests are named `[matrix] row | transport | database`; a cell that stays empty needs its reason in
 * test/contract/matrix-reasons.json, as `"row|transport": "reason"` or `"row|transport|database": "reason"`.
 */
module.exports = class MatrixReporter {
  constructor(globalConfig) {
    this.rootDir = globalConfig.rootDir;
    this.complete = isComplete(globalConfig);
  }

  onRunComplete(_contexts, results) {
    const reasonsFile = join(this.rootDir, REASONS);
    const reasons = existsSync(reasonsFile) ? JSON.parse(readFileSync(reasonsFile, 'utf8')) : {};
    const matrix = new ContractMatrix(reasons, this.complete);
    for (const { testResults } of results.testResults) {
      for (const test of testResults) matrix.add(test);
    }
    if (matrix.isEmpty) return;
    process.stdout.write(`\n${matrix.render()}\n`);
    if (!this.complete) return;
    // counts.cjs adds these to the failures, also when it reads them from the --json file.
    results.emptyMatrixCells = matrix.emptyCells.length;
    if (matrix.emptyCells.length > 0) this.error = new Error(`empty without a reason: ${matrix.emptyCells.join('; ')}`);
  }

  getLastError() {
    return this.error;
  }
};
