import { Injectable, Logger } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { type SdkAccessRule } from '../common/access.js';
import { addressOf } from '../common/client-address.js';
import { DomainError, InvalidInput, Unauthenticated } from '../common/errors.js';
import { Cors } from './cors.js';
import { credentialsOf, queryOf, single } from './credentials.js';
import { uncheckedReason } from './key-not-checked.js';
import { type KeyUnchecked, type SdkPrincipal } from './principal.js';
import { SdkKeyVerifier } from './sdk-key-verifier.js';
import { StreamTokenVerifier } from './stream-token-verifier.js';
import { WrongCredentials } from './wrong-credentials.js';

/** Lets requests into the routes of /sdk. */
@Injectable()
export class SdkGate {
  private readonly logger = new Logger('SdkGate');

  constructor(
    private readonly verifier: SdkKeyVerifier,
    private readonly cors: Cors,
    private readonly wrong: WrongCredentials,
    private readonly streams: StreamTokenVerifier,
  ) {}

  /**
   * @throws InvalidInput, Unauthenticated, Forbidden: refused for good.
   * @throws RateLimited: a wrong credential, one of many; never on a streaming route.
   * @throws DatabaseUnavailable, KeyNotChecked: refused for now; on a streaming route KeyUnchecked is given instead.
   */
  async admit(request: Request, response: Response, rule: SdkAccessRule): Promise<SdkPrincipal | KeyUnchecked> {
    try {
      return await this.verify(request, rule);
    } catch (error) {
      const unchecked = rule.streaming === true ? uncheckedReason(error) : null;
      if (unchecked === null) {
        const answer = this.wrong.answerTo(error, addressOf(request));
        // Any status that is not final would say to a client of streams that the credential may become good.
        throw rule.streaming === true ? error : answer;
      }
      if (!(error instanceof DomainError)) this.logger.error(error);
      // The page has to be able to read the Goodbye: an EventSource that may not read its answer never comes back. Nothing
      // else is in that answer.
      if (request.headers.origin !== undefined) this.cors.allow(response, request.headers.origin);
      return { unchecked };
    }
  }

  private async verify({ headers, originalUrl }: Request, rule: SdkAccessRule): Promise<SdkPrincipal> {
    const query = queryOf(originalUrl);
    if (rule.streamTokens === true) return this.streams.verify(headers, query);
    const credentials = credentialsOf(headers, query);
    if (rule.headerOnly === true && credentials.queryKey !== undefined) {
      throw new InvalidInput([
        { path: 'key', message: 'must not stand in the query here: send it as Authorization: Bearer KEY or X-API-Key' },
      ]);
    }
    const principal = await this.verifier.verify(credentials, headers.origin, single(query, 'env'), rule);
    if (principal.viaTicket && !rule.tickets) {
      throw new Unauthenticated('ticket_not_accepted', 'Tickets are good for streams only: send the key itself, in a header.');
    }
    return principal;
  }
}
