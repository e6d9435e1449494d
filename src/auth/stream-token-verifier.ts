import { type IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { InvalidInput, Unauthenticated } from '../common/errors.js';
import { CredentialUsage } from './credential-usage.js';
import { bearerToken, credentialsOf, single } from './credentials.js';
import { type SdkPrincipal } from './principal.js';
import { principalOf, refuseStrangeOrigin, SdkKeyVerifier } from './sdk-key-verifier.js';
import { SdkKey } from './sdk-key.entity.js';
import { StreamTokens } from './stream-tokens.js';

/** Whose notice stream is this? Only a stream token says so, in `?token=`. */
@Injectable()
export class StreamTokenVerifier {
  constructor(
    private readonly tokens: StreamTokens,
    private readonly keys: SdkKeyVerifier,
    private readonly usage: CredentialUsage,
  ) {}

  /**
   * Lets the token of a key of either kind in.
   * @throws InvalidInput two different credentials
   * @throws Unauthenticated none, or one that opens no notices
   * @throws Forbidden an origin that the key does not list
   */
  async verify(headers: IncomingHttpHeaders, query: URLSearchParams): Promise<SdkPrincipal> {
    const principal = await this.identify(headers, query);
    refuseStrangeOrigin(principal, headers.origin);
    this.usage.note(SdkKey, principal.keyId);
    return principal;
  }

  /** The same before any rule about origins: for CORS. @throws InvalidInput, Unauthenticated */
  async identify(headers: IncomingHttpHeaders, query: URLSearchParams): Promise<SdkPrincipal> {
    const token = single(query, 'token');
    const others = credentialsOf(headers, query);
    const { apiKey, queryKey, ticket } = others;
    if (token === undefined) {
      // Two of them, or one that nobody knows, are refused as everywhere.
      await this.keys.identify(others);
      throw new Unauthenticated(
        'stream_token_required',
        'Only a stream token opens this: every bulk answer of /ofrep/v1 holds one.',
      );
    }
    if ([bearerToken(others.authorization), apiKey, queryKey, ticket].some((other) => other !== undefined && other !== '')) {
      throw new InvalidInput([{ path: 'token', message: 'another credential was sent beside it: send the stream token alone' }]);
    }
    return principalOf(await this.tokens.verify(token), null);
  }
}
