import { type CanActivate, type ExecutionContext, Injectable, Logger } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Request, type Response } from 'express';
import { type Access, ACCESS } from '../common/access.js';
import { assertNever } from '../common/assert.js';
import { addressOf } from '../common/client-address.js';
import { Unauthenticated } from '../common/errors.js';
import { RequestContext } from '../common/request-context.js';
import { Config } from '../config/config.js';
import { AdminGate } from './admin-gate.js';
import { type RequestScope } from './admin-scope.js';
import { type PrincipalHolder } from './principal.js';
import { SdkGate } from './sdk-gate.js';

function scopeOf({ method, params }: Request): RequestScope {
  const text = (value: string | string[] | undefined) => (typeof value === 'string' ? value : undefined);
  return { method, project: text(params['project']), env: text(params['env']) };
}

/** In front of every route. One that does not say who may use it is refused. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly logger = new Logger('AccessGuard');

  constructor(
    private readonly reflector: Reflector,
    private readonly admins: AdminGate,
    private readonly sdks: SdkGate,
    private readonly config: Config,
    private readonly context: RequestContext,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [context.getHandler(), context.getClass()]);
    // Guards see messages of a socket, never its connection: who may connect is decided in the handshake.
    if (context.getType() !== 'http') return rule?.kind === 'open';
    const http = context.switchToHttp();
    const request = http.getRequest<Request & PrincipalHolder>();
    if (rule === undefined) {
      this.logger.error(`${context.getClass().name}.${context.getHandler().name} does not say who may use it: it is refused`);
      throw new Unauthenticated('missing_credential', 'Nobody may use this route.');
    }
    await this.admit(rule, request, http.getResponse<Response>());
    return true;
  }

  private async admit(rule: Access, request: Request & PrincipalHolder, response: Response): Promise<void> {
    const presented = { authorization: request.headers.authorization, address: addressOf(request) };
    switch (rule.kind) {
      case 'open':
        return;
      case 'metrics':
        if (!this.config.metricsOpen) await this.admins.identify(presented);
        return;
      case 'admin':
        request.actor = await this.admins.admit(presented, rule, scopeOf(request));
        this.context.actAs(request.actor);
        return;
      case 'sdk':
        request.sdk = await this.sdks.admit(request, response, rule);
        return;
      default:
        assertNever(rule);
    }
  }
}
