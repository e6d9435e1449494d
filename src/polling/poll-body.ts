import { type Cursor, sameCursor } from '@flagwire/protocol/sync';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { cursorText, type Subscription } from '../changes/subscription.js';
import { Gate } from '../common/gate.js';
import { tagOf } from '../common/entity-tag.js';

export type Coding = 'br' | 'gzip';

/** Brotli above this takes too long for a body that lives as long as a revision. */
const BROTLI_QUALITY = 4;
/** Compressing costs; while changes come fast, identity is sent instead. */
const LEAST_MS_BETWEEN_BUILDS = 1000;

const CODERS: Record<Coding, (body: Buffer) => Promise<Buffer>> = {
  br: (body) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  gzip: (body) => promisify(gzip)(body),
};

/** The body of a poll (protocol section 6), from JSON that was made once for each version of each flag. */
export function pollBody(replica: EnvironmentReplica, subscription: Subscription): Buffer {
  const cursor = cursorText(replica.head, subscription);
  const flags = replica.flags(subscription.filter).map(({ json }) => json);
  const rest = JSON.stringify({ last_modified: replica.httpDate, etag: tagOf(cursor), cursor });
  return Buffer.from(`{"flags":[${flags.join(',')}],${rest.slice(1)}`);
}

/** The unfiltered body of one environment: identity at once, compressed off the main thread, once for each revision. */
export class CachedBody {
  private cursor: Cursor | null = null;
  private identity: Buffer = Buffer.alloc(0);
  private coded = new Map<Coding, Buffer>();
  private lastBuild = -Infinity;
  private begun = false;

  /** @param builds lets one build run at a time. */
  constructor(
    private readonly replica: EnvironmentReplica,
    private readonly builds: Gate,
    private readonly monotonic: () => number,
  ) {}

  /** The body in the coding if that is ready, else as it is; asking for a coding gets it built. */
  body(coding: Coding | null): { bytes: Buffer; coding: Coding | null } {
    this.renew();
    const ready = coding === null ? undefined : this.coded.get(coding);
    if (coding !== null && ready !== undefined) return { bytes: ready, coding };
    if (coding !== null) this.build();
    return { bytes: this.identity, coding: null };
  }

  private renew(): void {
    if (this.cursor !== null && sameCursor(this.cursor, this.replica.head)) return;
    this.cursor = this.replica.head;
    this.identity = pollBody(this.replica, { filter: null, filterHash: null });
    this.coded = new Map();
    this.begun = false;
  }

  private build(): void {
    const now = this.monotonic();
    if (this.begun || now - this.lastBuild < LEAST_MS_BETWEEN_BUILDS) return;
    this.begun = true;
    this.lastBuild = now;
    const { identity, coded } = this;
    for (const coding of ['br', 'gzip'] as const) {
      // Into the map of this revision: when it is done the environment may be further.
      const build = this.builds.run(async () => void coded.set(coding, await CODERS[coding](identity)));
      // Without it, identity goes on being sent.
      build.catch(() => undefined);
    }
  }
}
