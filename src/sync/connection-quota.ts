import { addressGroup } from '../auth/address-group.js';
import { type SdkPrincipal } from '../auth/principal.js';
import { type Config } from '../config/config.js';

/** Which bound a newcomer met. */
export type ConnectionLimit = 'node' | 'key' | 'address';

/** Whose a connection is, as far as connections are counted by it. */
export interface Holder extends Pick<SdkPrincipal, 'keyId' | 'kind' | 'viaTicket'> {
  /** Of the peer, as far as FLAGWIRE_TRUST_PROXY believes it. */
  readonly address: string;
}

/**
 * How many connections this node may have: in all, of a server key, and from one address with what stands in pages and apps, a ticket
 * or a client key (protocol section 10): there one visitor could otherwise take every place.
 */
export class ConnectionQuota {
  private readonly held = new Map<string, number>();
  private total = 0;

  constructor(private readonly config: Config) {}

  /** The bound at which a newcomer is refused; null: there is a place. */
  metBy(holder: Holder): ConnectionLimit | null {
    const { maxConnections, maxPerServerKey, maxPerAddress } = this.config;
    if (this.total >= maxConnections) return 'node';
    if (holder.kind === 'server' && this.heldBy(holder.keyId) >= maxPerServerKey) return 'key';
    if (isPublic(holder) && this.heldBy(placeOf(holder)) >= maxPerAddress) return 'address';
    return null;
  }

  enter(holder: Holder): void {
    this.total += 1;
    for (const name of namesOf(holder)) this.held.set(name, this.heldBy(name) + 1);
  }

  /** Once for each `enter`. */
  leave(holder: Holder): void {
    this.total -= 1;
    for (const name of namesOf(holder)) {
      if (this.heldBy(name) > 1) this.held.set(name, this.heldBy(name) - 1);
      else this.held.delete(name);
    }
  }

  private heldBy(name: string): number {
    return this.held.get(name) ?? 0;
  }
}

function isPublic({ kind, viaTicket }: Holder): boolean {
  return kind === 'client' || viaTicket;
}

function placeOf({ keyId, address }: Holder): string {
  return `${keyId} ${addressGroup(address)}`;
}

function namesOf(holder: Holder): string[] {
  return isPublic(holder) ? [holder.keyId, placeOf(holder)] : [holder.keyId];
}
