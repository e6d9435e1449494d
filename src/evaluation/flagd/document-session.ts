import { status } from '@grpc/grpc-js';
import { type GoodbyeReason } from '@flagwire/protocol/sync';
import { type HubSession } from '../../sync/hub-session.js';
import { type SyncHub } from '../../sync/sync-hub.js';
import { Vitals } from '../../sync/vitals.js';
import { type CallOutlet, DocumentStream } from './document-stream.js';
import { callEndOf } from './grpc-status.js';
import { refusedBy } from './not-serving.js';

/** HTTP/2 has pings of its own. */
const GRPC: HubSession['form'] = { transport: 'grpc', ping: null };
/** An end that its reader does not let through is made without it: a dead key's calls are over within a second. */
const END_MS = 500;

/** A call that is answered with documents. It is never behind: what it has missed is the newest one. */
export class DocumentSession implements HubSession {
  readonly form = GRPC;
  readonly isLagging = false;
  readonly isLive = false;
  readonly vitals: Vitals;
  private readonly documents: DocumentStream;
  private isEnded = false;
  private patience: NodeJS.Timeout | null = null;

  constructor(
    readonly subscriber: HubSession['subscriber'],
    readonly outlet: CallOutlet,
    private readonly figures: SyncHub['figures'],
  ) {
    this.documents = new DocumentStream(outlet);
    this.vitals = new Vitals(this.documents);
  }

  /** See `DocumentStream`. */
  send(message: Buffer): void {
    this.documents.send(message);
  }

  /** That was all that was asked for. Its reader takes it in its own time. */
  finish(): void {
    this.documents.end({ code: status.OK, details: 'OK' });
  }

  pulse(): void {}

  /** The status says what the reason is; when to come back, a client of gRPC decides by itself. */
  goodbye(reason: GoodbyeReason): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.figures.noteEnd(reason);
    this.patience = setTimeout(() => this.outlet.cut(), END_MS);
    this.documents.end(callEndOf(refusedBy({ reason, limit: null }, this.subscriber.holder.keyId)));
  }

  cut(reason: Parameters<HubSession['cut']>[0]): void {
    if (!this.isEnded) this.figures.cuts[reason] += 1;
    this.close();
    this.outlet.cut();
  }

  close(): void {
    this.isEnded = true;
    if (this.patience !== null) clearTimeout(this.patience);
    this.documents.close();
  }
}
