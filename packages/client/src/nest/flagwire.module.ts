import { ConfigurableModuleBuilder, type DynamicModule, Module } from '@nestjs/common';
import { type FlagSyncClient } from '../api/flag-sync-client.js';
import { connect } from './connect.js';
import { HandlerFlags } from './handler-flags.js';
import { loggerOf } from './logger-of.js';
import { type FlagwireModuleExtras, type FlagwireModuleOptions } from './options.js';
import { getFlagSyncClientToken, handlerFlagsToken } from './tokens.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<FlagwireModuleOptions>({
  moduleName: 'Flagwire',
})
  .setClassMethodName('forRoot')
  .setExtras<FlagwireModuleExtras>({ name: undefined, isGlobal: false }, withClient)
  .build();

/**
 * Makes a `FlagSyncClient` when the application starts, and closes it when that ends: `FlagwireModule.forRoot(options)`, or
 * `forRootAsync({ imports, inject, useFactory })`. It is injected by its class.
 */
@Module({})
export class FlagwireModule extends ConfigurableModuleClass {}

function withClient(definition: DynamicModule, { name, isGlobal = false }: FlagwireModuleExtras): DynamicModule {
  const client = {
    provide: getFlagSyncClientToken(name),
    useFactory: (options: FlagwireModuleOptions) => connect(options, name),
    inject: [MODULE_OPTIONS_TOKEN],
  };
  const flags = {
    provide: handlerFlagsToken(name),
    useFactory: (client: FlagSyncClient, { context }: FlagwireModuleOptions) => new HandlerFlags(client, context, loggerOf(name)),
    inject: [client.provide, MODULE_OPTIONS_TOKEN],
  };
  return {
    ...definition,
    global: isGlobal,
    providers: [...(definition.providers ?? []), client, flags],
    exports: [client.provide, flags.provide],
  };
}
