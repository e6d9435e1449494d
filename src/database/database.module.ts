import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Config } from '../config/config.js';
import { Database } from './database.js';
import { DatabaseStart } from './database-start.js';
import { dataSourceOptions } from './data-source-options.js';
import { TypeOrmLogger } from './typeorm-logger.js';

/**
 * The data sources, behind `Database`. Entities come from the modules that own them (`TypeOrmModule.forFeature`).
 * Connecting is done by `DatabaseStart`, in the background: a node without its database answers "not ready yet".
 */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Config],
      useFactory: (config: Config) => ({
        ...dataSourceOptions(config),
        logger: new TypeOrmLogger(),
        autoLoadEntities: true,
        manualInitialization: true,
      }),
    }),
  ],
  providers: [Database, DatabaseStart],
  exports: [Database, DatabaseStart],
})
export class DatabaseModule {}
