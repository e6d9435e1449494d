import { Global, Module } from '@nestjs/common';
import { Limits } from '../common/limits.js';
import { Config, readConfig } from './config.js';

/** Settings for every module; reads the environment when the application is put together. */
@Global()
@Module({
  providers: [
    { provide: Config, useFactory: () => readConfig() },
    { provide: Limits, useExisting: Config },
  ],
  exports: [Config, Limits],
})
export class ConfigModule {}
