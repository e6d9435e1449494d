import { Body, Controller, Header, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsArray, IsOptional, IsString } from 'class-validator';
import { SdkApi } from '../common/sdk-api.decorators.js';
import { SdkAccess } from './access.decorator.js';
import { Sdk } from './principal.decorator.js';
import { type SdkPrincipal } from './principal.js';
import { filterOf } from './requested-filter.js';
import { TicketQuota } from './ticket-quota.js';
import { Tickets } from './tickets.js';

class TicketRequest {
  /** Ids and prefixes (`checkout.*`) that the ticket is good for; absent or null: all flags. */
  @ApiProperty({ type: [String], required: false, nullable: true, example: ['checkout.*'] })
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  flags?: string[] | null;
}

/** A backend makes tickets for its pages: no key then stands in a URL (protocol section 8). */
@Controller('sdk/ticket')
export class TicketController {
  constructor(
    private readonly tickets: Tickets,
    private readonly quota: TicketQuota,
  ) {}

  @Post()
  @SdkApi({ tickets: false, keyInQuery: false })
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @SdkAccess({ tickets: false, headerOnly: true })
  async make(
    @Sdk() { keyId }: SdkPrincipal,
    @Body() { flags }: TicketRequest,
    @Ip() address: string,
  ): Promise<{ ticket: string; expires_in: number }> {
    const filter = flags === undefined || flags === null ? null : filterOf(flags);
    this.quota.take(keyId, address);
    const { ticket, expiresIn } = await this.tickets.issue(keyId, filter);
    return { ticket, expires_in: expiresIn };
  }
}
