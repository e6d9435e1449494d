import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/changes.module.js';
import { Siblings } from './siblings.js';

/** Servers of several processes. */
@Module({ imports: [ChangesModule], providers: [Siblings], exports: [Siblings] })
export class WorkersModule {}
