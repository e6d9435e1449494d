import { Global, Module } from '@nestjs/common';
import { Clock, SystemClock } from './clock.js';
import { Random, SystemRandom } from './random.js';
import { Refusals } from './refusals.js';
import { RequestContext } from './request-context.js';

@Global()
@Module({
  providers: [{ provide: Clock, useClass: SystemClock }, { provide: Random, useClass: SystemRandom }, RequestContext, Refusals],
  exports: [Clock, Random, RequestContext, Refusals],
})
export class CommonModule {}
