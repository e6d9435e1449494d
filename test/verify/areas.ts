import { type Area } from './check.js';
import { adminReads } from './areas/admin-reads.js';
import { adminRefusals } from './areas/admin-refusals.js';
import { adminWrites } from './areas/admin-writes.js';
import { atTheEnd } from './areas/at-the-end.js';
import { build } from './areas/build.js';
import { changeControl } from './areas/change-control.js';
import { faults } from './areas/faults.js';
import { firstStart } from './areas/first-start.js';
import { keyLife } from './areas/key-life.js';
import { keys } from './areas/keys.js';
import { limits } from './areas/limits.js';
import { log } from './areas/log.js';
import { persistence } from './areas/persistence.js';
import { polls } from './areas/polls.js';
import { postgres } from './areas/postgres.js';
import { postgresOutage } from './areas/postgres-outage.js';
import { seed } from './areas/seed.js';
import { slowReaders } from './areas/slow-readers.js';
import { sockets } from './areas/sockets.js';
import { stream } from './areas/stream.js';
import { streamFraming } from './areas/stream-framing.js';
import { writers } from './areas/writers.js';

/** Everything that is verified; an area may be made of several files. It grows with every issue. */
export const areas: readonly Area[] = [
  { name: 'Built as asked', checks: build },
  { name: 'First start', checks: firstStart },
  { name: 'Persistence', checks: persistence },
  { name: 'Admin API', checks: [...adminRefusals, ...adminReads, ...adminWrites] },
  { name: 'Changes under control', checks: changeControl },
  { name: 'Limits and figures', checks: limits },
  { name: 'The log', checks: log },
  { name: 'Streams', checks: [...stream, ...streamFraming, ...slowReaders] },
  { name: 'Sockets', checks: sockets },
  { name: 'Polls', checks: polls },
  { name: 'Keys', checks: [...keys, ...keyLife] },
  { name: 'Several nodes, and PostgreSQL', checks: [...postgres, ...postgresOutage] },
  { name: 'Under load and faults', checks: [...seed, ...writers, ...faults] },
  { name: 'At the end', checks: atTheEnd },
];
