import { Controller, Param, Post, Req, Res, UseFilters } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { SdkAccess } from '../auth/access.decorator.js';
import { CheckedSdk } from '../auth/principal.decorator.js';
import { type SdkPrincipal } from '../auth/principal.js';
import { TextQueries } from '../common/sdk-api.decorators.js';
import { OfrepAnswers } from './ofrep-answers.js';
import { OfrepApi } from './ofrep-api.decorators.js';
import { OfrepFilter } from './ofrep.filter.js';

/** The OpenFeature Remote Evaluation Protocol 0.3.0: values for a context. The one door of client keys. */
@Controller('ofrep/v1/evaluate/flags')
@UseFilters(OfrepFilter)
export class OfrepController {
  constructor(private readonly answers: OfrepAnswers) {}

  @Post(':key')
  @OfrepApi({
    200: 'The flag’s value for this context, or no value where the default in the code is to be used.',
    404: 'No such flag.',
  })
  @SdkAccess({ tickets: false, headerOnly: true, clients: true })
  single(
    @CheckedSdk() principal: SdkPrincipal,
    @Param('key') flagId: string,
    @Req() { body }: Request,
    @Res() response: Response,
  ): Promise<void> {
    return this.answers.single(principal, flagId, body, response);
  }

  @Post()
  @OfrepApi({ 200: 'Every flag of the environment, by id.', 304: 'The client has that already, by its If-None-Match.' })
  @TextQueries({
    flagConfigEtag: 'The `etag` of the notice that this request follows: the answer is no older.',
    flagConfigLastModified: 'Its `lastModified`, as seconds or RFC 3339.',
  })
  @SdkAccess({ tickets: false, headerOnly: true, clients: true })
  bulk(@CheckedSdk() principal: SdkPrincipal, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answers.bulk(principal, request, response);
  }
}
