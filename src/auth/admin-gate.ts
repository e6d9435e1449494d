import { Injectable } from '@nestjs/common';
import { type AdminAccessRule } from '../common/access.js';
import { Clock } from '../common/clock.js';
import { Unauthenticated } from '../common/errors.js';
import { Config } from '../config/config.js';
import { AdminTokens } from './admin-tokens.js';
import { checkScope, type RequestScope } from './admin-scope.js';
import { AdminToken } from './admin-token.entity.js';
import { CredentialUsage } from './credential-usage.js';
import { bearerToken } from './credentials.js';
import { type AdminPrincipal } from './principal.js';
import { parseSecret, type PresentedSecret, sameHash, sameText } from './secret-format.js';
import { WrongCredentials } from './wrong-credentials.js';

const FROM_ENVIRONMENT: AdminPrincipal = {
  id: 'environment',
  name: 'FLAGWIRE_ADMIN_TOKEN',
  role: 'admin',
  projectKey: null,
  environmentKeys: null,
};

/** What is presented, and from where. */
interface Presented {
  /** The header's value. */
  readonly authorization: string | undefined;
  readonly address: string;
}

/** Whose admin token is this, and may they use this route? */
@Injectable()
export class AdminGate {
  constructor(
    private readonly tokens: AdminTokens,
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly usage: CredentialUsage,
    private readonly wrong: WrongCredentials,
  ) {}

  /**
   * @throws Unauthenticated no token, or none that is good
   * @throws RateLimited none that is good, and there were many of them
   * @throws Forbidden a token that may not do this
   */
  async admit(presented: Presented, rule: AdminAccessRule, scope: RequestScope): Promise<AdminPrincipal> {
    const actor = await this.identify(presented);
    checkScope(actor, rule, scope);
    return actor;
  }

  /** @throws Unauthenticated, RateLimited as `admit` */
  async identify({ authorization, address }: Presented): Promise<AdminPrincipal> {
    try {
      return await this.check(authorization);
    } catch (error) {
      throw this.wrong.answerTo(error, address);
    }
  }

  private async check(authorization: string | undefined): Promise<AdminPrincipal> {
    const text = bearerToken(authorization);
    if (text === undefined)
      throw new Unauthenticated('missing_credential', 'Send an admin token as Authorization: Bearer TOKEN.');
    const { adminToken } = this.config;
    if (adminToken !== null && sameText(text, adminToken)) return FROM_ENVIRONMENT;
    if (text.startsWith('fw_tkt_')) throw wrongKind();
    const presented = parseSecret(text);
    if (presented === 'malformed') {
      throw new Unauthenticated('malformed_token', 'This is not an admin token of this server: it may be mistyped or cut short.');
    }
    if (presented.kind !== 'admin') throw wrongKind();
    return this.principalOf(presented);
  }

  private async principalOf({ selector, secretHash }: PresentedSecret): Promise<AdminPrincipal> {
    const found = await this.tokens.withSelector(selector);
    if (found === null || !sameHash(Buffer.from(found.token.secretHash, 'hex'), secretHash)) {
      throw new Unauthenticated('unknown_token', 'This admin token is not known to the server.');
    }
    const { token, projectKey } = found;
    if (token.revokedAt !== null) throw new Unauthenticated('revoked_token', 'This admin token has been revoked.');
    if (token.expiresAt !== null && Date.parse(token.expiresAt) <= this.clock.now()) {
      throw new Unauthenticated('expired_token', 'This admin token has expired.');
    }
    const { id, name, role, environments: environmentKeys } = token;
    this.usage.note(AdminToken, id);
    return { id, name, role, projectKey, environmentKeys };
  }
}

function wrongKind(): Unauthenticated {
  return new Unauthenticated('wrong_credential_kind', 'SDK keys and tickets do not open the admin API: send an admin token.');
}
