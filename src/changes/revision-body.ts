import { type Cursor, sameCursor } from '@flagwire/protocol/sync';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { type Coding } from '../common/coding.js';
import { type Gate } from '../common/gate.js';
import { type EnvironmentReplica } from './environment-replica.js';

/** Brotli above this takes too long for a body that lives as long as a revision. */
const BROTLI_QUALITY = 4;
/** Compressing costs; while changes come fast, identity is sent instead. */
const LEAST_MS_BETWEEN_BUILDS = 1000;

const CODERS: Record<Coding, (body: Buffer) => Promise<Buffer>> = {
  br: (body) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  gzip: (body) => promisify(gzip)(body),
};

/** What is answered of one whole environment: identity at once, compressed off the main thread, once for each revision. */
export class RevisionBody {
  private cursor: Cursor | null = null;
  private identity: Buffer = Buffer.alloc(0);
  private coded = new Map<Coding, Buffer>();
  private lastBuild = -Infinity;
  private begun = false;

  /**
   * @param make the body as it is, of the replica's present revision.
   * @param builds lets one build run at a time.
   */
  constructor(
    private readonly replica: EnvironmentReplica,
    private readonly make: (replica: EnvironmentReplica) => Buffer,
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
    this.identity = this.make(this.replica);
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
