/** Whether all tests were asked for: only then does something that is missing need a reason. */
function isComplete({ testNamePattern, testPathPatterns, onlyChanged, onlyFailures, shard }) {
  return !testNamePattern && !testPathPatterns?.patterns?.length && !onlyChanged && !onlyFailures && !shard;
}

module.exports = { isComplete };
