import { Global, Module } from '@nestjs/common';
import { Config, readConfig } from './config.js';

/** Settings for every module; reads the environment when the application is put together. */
@Global()
@Module({
  providers: [{ provide: Config, useFactory: () => readConfig(process.env) }],
  exports: [Config],
})
export class ConfigModule {}
