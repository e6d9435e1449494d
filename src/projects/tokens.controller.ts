import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOperation } from '@nestjs/swagger';
import { type Page } from '@flagwire/protocol/admin';
import { type EntityManager } from 'typeorm';
import { AdminAccess } from '../auth/access.decorator.js';
import { AdminTokens } from '../auth/admin-tokens.js';
import { InvalidInput, NotFound } from '../common/errors.js';
import { Database } from '../database/database.js';
import { CreatedTokenAnswer, TokenAnswer } from './answers/credential.answer.js';
import { Reply } from './answers/reply.js';
import { AdminApi, ApiPage } from './api.decorators.js';
import { Projects } from './projects.js';
import { IdPipe } from './requests/id.pipe.js';
import { limitOf, PageRequest } from './requests/page.request.js';
import { CreateTokenRequest } from './requests/token.request.js';

const TokenId = new IdPipe('token');

/** Admin tokens. Whoever makes one could give it any scope, so that the guard lets only tokens for all projects in. */
@AdminApi('Tokens')
@Controller('api/tokens')
export class TokensController {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly tokens: AdminTokens,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Admin tokens, also those that are dead' })
  @AdminAccess('admin')
  @ApiPage(TokenAnswer)
  async list(@Query() query: PageRequest): Promise<Page<TokenAnswer>> {
    return this.tokens.list(query.after ?? null, limitOf(query));
  }

  @Post()
  @ApiOperation({ summary: 'Make an admin token; it is shown this once' })
  @AdminAccess('admin')
  @ApiCreatedResponse({ type: CreatedTokenAnswer })
  async create(@Body() body: CreateTokenRequest): Promise<Reply<CreatedTokenAnswer>> {
    const { name, role, environments = null, expires_at: expiresAt = null } = body;
    const { token, secret } = await this.database.write(async (manager) => {
      const projectId = await this.projectOf(manager, body);
      return this.tokens.create(manager, { name, role, projectId, environments, expiresAt });
    });
    return new Reply({ ...token, token: secret }, { Location: `/api/tokens/${token.id}` });
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke an admin token' })
  @AdminAccess('admin')
  @ApiNoContentResponse()
  async revoke(@Param('id', TokenId) id: string): Promise<void> {
    await this.database.write((manager) => this.tokens.revoke(manager, id));
  }

  /** @throws InvalidInput where the request names a project that is not there. */
  private async projectOf(manager: EntityManager, { project: key }: CreateTokenRequest): Promise<string | null> {
    if (key === undefined || key === null) return null;
    try {
      return (await this.projects.lock(manager, key, 'share')).id;
    } catch (error) {
      if (error instanceof NotFound) throw new InvalidInput([{ path: 'project', message: 'names no project' }]);
      throw error;
    }
  }
}
