import { PROMISED } from './campaign.js';
import { describeCluster } from './described.js';
import { DIRECTED } from './directed.js';

/** What is promised within some seconds is held against the clock where nothing else runs: `test/deadlines/cluster`. */
describeCluster(Object.entries(DIRECTED), { ...PROMISED, convergenceMs: 20_000, answerMs: 20_000, cutMs: 5000 });
