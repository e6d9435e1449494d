import { Inject, type InjectionToken } from '@nestjs/common';
import { FlagSyncClient } from '../api/flag-sync-client.js';
import { HandlerFlags } from './handler-flags.js';

/** What the client of this name is injected by; that without a name by its class. */
export function getFlagSyncClientToken(name?: string): InjectionToken<FlagSyncClient> {
  return name === undefined ? FlagSyncClient : `FlagSyncClient:${name}`;
}

/** Injects the client of this name. That without a name needs no decorator: `constructor(flags: FlagSyncClient)`. */
export function InjectFlagSyncClient(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(getFlagSyncClientToken(name));
}

/** What `@Flag` of this client asks. */
export function handlerFlagsToken(name?: string): InjectionToken<HandlerFlags> {
  return name === undefined ? HandlerFlags : `HandlerFlags:${name}`;
}
