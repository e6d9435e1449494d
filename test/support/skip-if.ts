import { describe, it } from '@jest/globals';

type Suite = (name: string, body: () => void) => void;
type Case = (name: string, body: () => void | Promise<void>, timeoutMs?: number) => void;

export interface MaybeSkipped {
  describe: Suite;
  it: Case;
}

function refuse(name: string, reason: string): void {
  // eslint-disable-next-line jest/expect-expect -- it is here to fail
  it(`${name} (cannot run here)`, () => {
    throw new Error(`CI must run every test, but this one would be skipped: ${reason}`);
  });
}

/**
 * The only place that may skip a test: use the `describe` and `it` that it gives.
 * Where `condition` is true they skip and the reason is printed; with CI=true they fail instead, so that nothing goes
 * missing there unseen.
 */
export function skipIf(condition: boolean, reason: string): MaybeSkipped {
  if (!condition) return { describe, it };
  if (process.env['CI'] === 'true') {
    return { describe: (name) => refuse(name, reason), it: (name) => refuse(name, reason) };
  }
  const announce = (name: string): void => {
    process.stderr.write(`skipped: ${name}: ${reason}\n`);
  };
  return {
    describe: (name, body) => {
      announce(name);
      // eslint-disable-next-line jest/no-disabled-tests, jest/valid-title, jest/valid-describe-callback -- the one door for skipping
      describe.skip(name, body);
    },
    it: (name, body) => {
      announce(name);
      // eslint-disable-next-line jest/no-disabled-tests, jest/valid-title, jest/expect-expect -- the one door for skipping
      it.skip(name, body);
    },
  };
}
