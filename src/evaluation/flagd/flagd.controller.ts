import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { type Request, type Response } from 'express';
import { SdkAccess } from '../../auth/access.decorator.js';
import { Sdk } from '../../auth/principal.decorator.js';
import { type SdkPrincipal } from '../../auth/principal.js';
import { ChangeFeed } from '../../changes/change-feed.js';
import { replicaNotBehind } from '../../changes/not-behind.js';
import { cursorText, subscriptionTo } from '../../changes/subscription.js';
import { codingFor } from '../../common/coding.js';
import { parseIfNoneMatch, tagOf } from '../../common/entity-tag.js';
import { SdkApi } from '../../common/sdk-api.decorators.js';
import { FlagdDocuments } from './flagd-documents.js';

const ALL = subscriptionTo(null);

/** The environment of the key for flagd's HTTP sync: a document that is asked for again and again. */
@Controller('flagd/v1')
export class FlagdController {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly documents: FlagdDocuments,
  ) {}

  /**
   * The tag is the cursor, as that of a poll: a 304 needs no document. Written with `end`: the framework's own freshness logic also
   * looks at dates.
   */
  @Get('flags')
  @SdkApi({ tickets: false, keyInQuery: false })
  @ApiOkResponse({ description: 'A flag configuration of flagd.' })
  @SdkAccess({ tickets: false, headerOnly: true })
  async flags(@Req() request: Request, @Res() response: Response, @Sdk() principal: SdkPrincipal): Promise<void> {
    const tags = parseIfNoneMatch(request.headers['if-none-match']);
    const replica = await replicaNotBehind(this.feed, principal.environmentId, Array.isArray(tags) ? (tags as string[]) : []);
    const cursor = cursorText(replica.head, ALL);
    response.setHeader('ETag', tagOf(cursor));
    response.setHeader('Cache-Control', 'private, no-cache');
    response.vary('Accept-Encoding, Authorization, X-API-Key');
    response.setHeader('Flagwire-Age-Ms', this.feed.ageMs());
    if (tags !== null && (tags === '*' || tags.includes(cursor))) {
      response.statusCode = 304;
      response.end();
      return;
    }
    const { bytes, coding } = this.documents.body(replica).body(codingFor(request));
    if (coding !== null) response.setHeader('Content-Encoding', coding);
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('Content-Length', bytes.length);
    response.end(bytes);
  }
}
