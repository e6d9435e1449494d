import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { Open } from '../common/access.js';
import { type ReadyAnswer, Readiness } from './readiness.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** The process answers. */
  @Get('live')
  @Open()
  @Header('Cache-Control', 'no-store')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** 503 only before the first load, while draining, or past the allowed staleness. */
  @Get('ready')
  @Open()
  @Header('Cache-Control', 'no-store')
  ready(@Res({ passthrough: true }) response: Response): Omit<ReadyAnswer, 'ready'> {
    const { ready, ...answer } = this.readiness.answer();
    if (!ready) response.status(503);
    return answer;
  }
}
