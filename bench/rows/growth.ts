import { changeCost, deliveryCost } from '../costs.js';
import { alternate } from '../pairs.js';
import { type Row } from '../row.js';

const FEW = 1000;
const MANY = 10_000;
const FEW_FLAGS = 100;
const MANY_FLAGS = 10_000;

/** The floor of these is the product itself, smaller. */
export const growth: readonly Row[] = [
  {
    name: 'growth: CPU per delivery, 10,000 clients against 1,000',
    groups: ['growth'],
    unit: 'us',
    goal: { most: 1.1 },
    measure: async (options) => {
      const few = await deliveryCost(options, options.sized(FEW), { changes: 60, perSecond: 10, burst: 1 });
      const many = await deliveryCost(options, options.sized(MANY), { changes: 10, perSecond: 1.5, burst: 1 });
      return { pairs: await alternate(options.pairs, few, many), notes: ['what the changes cost by themselves is not in it'] };
    },
  },
  {
    name: 'growth: CPU per change, deliveries apart, 10,000 flags against 100',
    groups: ['growth'],
    unit: 'us',
    goal: { most: 1.2 },
    measure: async (options) => {
      const few = await changeCost(options, options.sized(FEW_FLAGS));
      const many = await changeCost(options, options.sized(MANY_FLAGS));
      return { pairs: await alternate(options.pairs, few, many), notes: ['one client has each change'] };
    },
  },
];
