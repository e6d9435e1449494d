import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { ChangeFeed } from './change-feed.js';
import { ChangeHistory } from './change-history.js';
import { ChangeLog } from './change-log.js';
import { Change } from './change.entity.js';
import { EnvironmentHead } from './environment-head.entity.js';
import { FlagState } from './flag-state.entity.js';
import { LogCompaction } from './log-compaction.js';
import { LogReader } from './log-reader.js';
import { LogTail } from './log-tail.js';
import { PgWakeUps } from './pg-wake-ups.js';
import { Resumption } from './resumption.js';
import { SqliteWakeUps } from './sqlite-wake-ups.js';
import { WakeUps } from './wake-ups.js';

/** The change log and what reads it. Transports get `ChangeFeed`, writers get `ChangeLog`. */
@Module({
  imports: [TypeOrmModule.forFeature([EnvironmentHead, Change, FlagState])],
  providers: [
    ChangeLog,
    ChangeHistory,
    LogCompaction,
    LogReader,
    Resumption,
    { provide: ChangeFeed, useClass: LogTail },
    {
      provide: WakeUps,
      inject: [Config, Database],
      useFactory: (config: Config, database: Database) => {
        return config.isPostgres ? new PgWakeUps(config, database) : new SqliteWakeUps();
      },
    },
  ],
  exports: [ChangeFeed, Resumption, ChangeLog, ChangeHistory, LogCompaction, WakeUps],
})
export class ChangesModule {}
