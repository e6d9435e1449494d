import { PROMISED } from '../faults/cluster/campaign.js';
import { describeCluster } from '../faults/cluster/described.js';
import { drawSchedule } from '../faults/cluster/schedule.js';

const SEEDS = [18, 26];

/** A short seeded part of `npm run test:faults`, by what is promised. */
describeCluster(
  SEEDS.map((seed) => [`the schedule of seed ${seed}`, drawSchedule(seed)] as const),
  PROMISED,
);
