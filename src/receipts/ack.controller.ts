import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiProperty } from '@nestjs/swagger';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { SdkAccess } from '../auth/access.decorator.js';
import { Sdk } from '../auth/principal.decorator.js';
import { type SdkPrincipal } from '../auth/principal.js';
import { SdkApi } from '../common/sdk-api.decorators.js';
import { Ledger } from './ledger.js';

const A_DAY_MS = 86_400_000;
/** What cursors and ids of connections are made of; other nodes are handed no more. */
const VISIBLE = /^[!-~]{1,64}$/;

class AckRequest {
  /** Of the stream, as its `SyncStarted` says. */
  @ApiProperty({ type: String, maxLength: 64 })
  @Matches(VISIBLE, { message: '$property must be 1 to 64 visible ASCII characters' })
  connection_id!: string;

  @ApiProperty({ type: String, maxLength: 64, description: 'The cursor that the client has applied.' })
  @Matches(VISIBLE, { message: '$property must be 1 to 64 visible ASCII characters' })
  id!: string;

  @ApiProperty({ type: 'integer', required: false, default: 0, description: 'Milliseconds since then.' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(A_DAY_MS)
  waited_ms?: number;
}

/** `POST /sdk/ack` (protocol section 12): a stream goes one way, so that its client acknowledges beside it. */
@Controller('sdk/ack')
export class AckController {
  constructor(private readonly ledger: Ledger) {}

  @Post()
  @SdkApi({ tickets: true, keyInQuery: true })
  @ApiOperation({ summary: 'Acknowledge what the client of a stream has applied' })
  @ApiNoContentResponse()
  @HttpCode(204)
  @SdkAccess({ tickets: true, expiredTickets: true })
  acknowledge(@Sdk() { keyId }: SdkPrincipal, @Body() { connection_id, id, waited_ms = 0 }: AckRequest): void {
    this.ledger.acknowledge({ connectionId: connection_id, keyId, cursor: id, waitedMs: waited_ms });
  }
}
