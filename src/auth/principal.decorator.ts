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

/** The SdkPrincipal of a route that is not streaming, where a key that cannot be checked is refused. Only with `@SdkAccess`. */
export const CheckedSdk = createParamDecorator((_: unknown, context: ExecutionContext): SdkPrincipal => {
  const { sdk } = holderOf(context);
  if (sdk === undefined || 'unchecked' in sdk) throw new TypeError('@CheckedSdk() stands on a route without @SdkAccess()');
  return sdk;
});

/** The SdkPrincipal; on a streaming route it may be KeyUnchecked. Only on routes with `@SdkAccess`. */
export const Sdk = createParamDecorator((_: unknown, context: ExecutionContext): SdkPrincipal | KeyUnchecked => {
  const { sdk } = holderOf(context);
  if (sdk === undefined) throw new TypeError('@Sdk() stands on a route without @SdkAccess()');
  return sdk;
});
