import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type AdminPrincipal, type KeyUnchecked, type PrincipalHolder, type SdkPrincipal } from './principal.js';

function holderOf(context: ExecutionContext): PrincipalHolder {
  return context.switchToHttp().getRequest<PrincipalHolder>();
}

/** The AdminPrincipal; only on routes with `@AdminAccess`. */
export const Actor = createParamDecorator((_: unknown, context: ExecutionContext): AdminPrincipal => {
  const { actor } = holderOf(context);
  if (actor === undefined) throw new TypeError('@Actor() stands on a route without @AdminAccess()');
  return actor;
});

/** The SdkPrincipal; on a streaming route it may be KeyUnchecked. Only on routes with `@SdkAccess`. */
export const Sdk = createParamDecorator((_: unknown, context: ExecutionContext): SdkPrincipal | KeyUnchecked => {
  const { sdk } = holderOf(context);
  if (sdk === undefined) throw new TypeError('@Sdk() stands on a route without @SdkAccess()');
  return sdk;
});
