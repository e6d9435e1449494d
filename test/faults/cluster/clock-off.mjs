/** Loaded with --import in front of a node: SIGUSR2 sets its wall clock an hour forward, an hour back, and right, in turn. */
import process from 'node:process';

const HOUR_MS = 3_600_000;
const SHIFTS = [HOUR_MS, -HOUR_MS, 0];
const right = Date;
let turn = -1;

const now = () => right.now() + (SHIFTS[turn] ?? 0);

globalThis.Date = class Date extends right {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }

  static now() {
    return now();
  }
};

process.on('SIGUSR2', () => {
  turn = (turn + 1) % SHIFTS.length;
});
