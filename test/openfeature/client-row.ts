import { type TestServer } from '../support/server.js';

export const CAPABILITIES = ['types', 'reasons', 'errors', 'changes', 'restart', 'revoked key'] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** A server with every kind of flag in its environment `production` (test/ofrep/support/every-kind.ts), and a key of the row. */
export interface Lab {
  readonly server: TestServer;
  readonly key: { readonly id: string; readonly key: string };
  /** Of flagd's gRPC sync. */
  readonly grpcPort: number;
}

/** One row of the table. */
export interface ClientRow {
  /** The package and what it is tried in. */
  readonly name: string;
  readonly keyKind: 'server' | 'client';
  /** What is not on this machine without which it cannot be tried; null or left out: it can. */
  readonly missing?: string | null;
  /** Connects; what it gives has a check for each capability that the client has, each of which throws where it is not so. */
  connect(lab: Lab): Promise<{ checks: Partial<Record<Capability, () => Promise<void>>>; close: () => Promise<void> }>;
}
