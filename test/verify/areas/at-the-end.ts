import assert from 'node:assert/strict';
import { type Check } from '../check.js';

export const atTheEnd: readonly Check[] = [
  {
    sentence: 'The server that all these checks shared has printed no key or token, and no error',
    async run(bench) {
      const server = await bench.shared();
      const output = server.stdout() + server.stderr();
      const { secrets } = bench.lab;
      const printed = [...secrets].filter((secret) => output.includes(secret.slice(-12)));
      assert.deepEqual(printed.length, 0, `${printed.length} of ${secrets.size} secrets stand in the output`);
      assert.doesNotMatch(output, /ERROR|unhandled/i);
      return `none of ${secrets.size} secrets in ${output.split('\n').length - 1} lines`;
    },
  },
];
