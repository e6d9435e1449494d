/**
 * The three figures of a run's closing line, from Jest's aggregated results or from its `--json` file.
 * A suite that did not even start counts as one failure, and so does an empty cell of the contract matrix.
 */
function countsOf(results) {
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + results.numRuntimeErrorTestSuites + (results.emptyMatrixCells ?? 0),
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

module.exports = { countsOf, closingLine };
