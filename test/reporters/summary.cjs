const { closingLine, countsOf } = require('./counts.cjs');

/** Makes `N passed, N failed, N skipped` the last line of a run. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const line = closingLine(countsOf(results));
    // At exit, because Jest's own summary and the global teardown come after every reporter.
    process.once('exit', () => process.stdout.write(`${line}\n`));
  }
};
