import { Injectable } from '@nestjs/common';
import { type SdkAccessRule } from '../common/access.js';
import { Forbidden, InvalidInput, Unauthenticated } from '../common/errors.js';
import { Config } from '../config/config.js';
import { bearerToken, type SdkCredentials } from './credentials.js';
import { EnvironmentNames } from './environment-names.js';
import { KeyRing } from './key-ring.js';
import { type LiveKey } from './key-table.js';
import { CredentialUsage } from './credential-usage.js';
import { type SdkPrincipal } from './principal.js';
import { parseSecret, sameText } from './secret-format.js';
import { SdkKey } from './sdk-key.entity.js';
import { TICKET_PREFIX, Tickets } from './tickets.js';

export function principalOf(key: LiveKey, ticket: Pick<SdkPrincipal, 'filter'> | null): SdkPrincipal {
  const { id: keyId, kind, environmentId, allowedOrigins } = key;
  return { keyId, kind, environmentId, allowedOrigins, filter: ticket?.filter ?? null, viaTicket: ticket !== null };
}

/** @throws Forbidden an origin that the key does not list. */
export function refuseStrangeOrigin({ allowedOrigins }: SdkPrincipal, origin: string | undefined): void {
  if (origin !== undefined && !allowedOrigins.includes(origin)) {
    throw new Forbidden('origin_not_allowed', 'This key does not list the origin of this page in its allowed_origins.');
  }
}

/** The one thing that was presented, however often. */
function onlyOne({ authorization, apiKey, queryKey, ticket }: SdkCredentials): { key: string } | { ticket: string } {
  const isGiven = (value: string | undefined): value is string => value !== undefined && value !== '';
  const keys = new Set([bearerToken(authorization), apiKey, queryKey].filter(isGiven));
  const [key] = keys;
  if (keys.size > 1 || (key !== undefined && isGiven(ticket))) {
    throw new InvalidInput([{ path: 'key', message: 'two different credentials were sent: send one key, or one ticket' }]);
  }
  if (key !== undefined) return { key };
  if (isGiven(ticket)) return { ticket };
  const doors = 'Authorization: Bearer KEY, X-API-Key: KEY, or ?key=KEY';
  throw new Unauthenticated('missing_credential', `No key was sent. Send one as ${doors}.`);
}

/**
 * Whose request is this, and may they read definitions? The HTTP guard and the sockets' handshakes are thin callers.
 *
 * Where nobody can tell now, DatabaseUnavailable or KeyNotChecked is thrown: `uncheckedReason` says what a stream's Goodbye
 * then gives as reason.
 */
@Injectable()
export class SdkKeyVerifier {
  constructor(
    private readonly ring: KeyRing,
    private readonly tickets: Tickets,
    private readonly usage: CredentialUsage,
    private readonly environments: EnvironmentNames,
    private readonly config: Config,
  ) {}

  /**
   * Lets a server key, or its ticket, into /sdk; client keys too where the rule says so.
   * @param origin the `Origin` header.
   * @param env the environment that the client believes the key to be of.
   * @throws InvalidInput two different credentials
   * @throws Unauthenticated none, or none that is good
   * @throws Forbidden another environment, a client key, an origin that the key does not list
   */
  async verify(
    credentials: SdkCredentials,
    origin: string | undefined,
    env?: string,
    { expiredTickets = false, clients = false }: Pick<SdkAccessRule, 'expiredTickets' | 'clients'> = {},
  ): Promise<SdkPrincipal> {
    const principal = await this.identify(credentials, expiredTickets);
    if (principal.kind === 'client' && !clients) {
      throw new Forbidden('client_key_forbidden', 'A client key cannot read definitions: evaluate flags at /ofrep/v1 instead.');
    }
    if (env !== undefined && env !== '' && env !== (await this.environments.keyOf(principal.environmentId))) {
      throw new Forbidden(
        'wrong_environment',
        'This key belongs to another environment than env names. Leave env out, or use its key.',
      );
    }
    refuseStrangeOrigin(principal, origin);
    this.usage.note(SdkKey, principal.keyId);
    return principal;
  }

  /** Whether a key that `verify` has let in would be let in again now; counts as a use of it. Asks nobody. */
  opensStill(keyId: string): boolean {
    const isLive = this.ring.isLive(keyId);
    if (isLive) this.usage.note(SdkKey, keyId);
    return isLive;
  }

  /**
   * Whose credential this is, of either kind, before any rule about doors: for CORS and for /ofrep.
   * @throws InvalidInput
   * @throws Unauthenticated
   */
  async identify(credentials: SdkCredentials, expiredTickets = false): Promise<SdkPrincipal> {
    const given = onlyOne(credentials);
    if ('key' in given) return principalOf(await this.keyOf(given.key), null);
    const { key, filter } = await this.tickets.verify(given.ticket, expiredTickets);
    return principalOf(key, { filter });
  }

  private async keyOf(text: string): Promise<LiveKey> {
    if (text.startsWith(TICKET_PREFIX)) {
      throw new Unauthenticated('wrong_credential_kind', 'A ticket goes into ?ticket=, and only streams take one.');
    }
    const presented = parseSecret(text);
    const { adminToken } = this.config;
    if (presented !== 'malformed' && presented.kind !== 'admin') return this.ring.withSecret(presented);
    if (presented !== 'malformed' || (adminToken !== null && sameText(text, adminToken))) {
      throw new Unauthenticated('wrong_credential_kind', 'An admin token does not open /sdk: use an SDK key of the environment.');
    }
    throw new Unauthenticated(
      'malformed_key',
      'This is not a key as the server makes them: it is mistyped or cut short. Copy it again.',
    );
  }
}
