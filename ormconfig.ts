import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { readConfig } from './src/config/config.js';
import { dataSourceOptions } from './src/database/data-source-options.js';

/** For TypeORM's command line: `npm run typeorm -- migration:show`. Reads DATABASE_URL like the server. */
export default new DataSource(dataSourceOptions(readConfig({ FLAGWIRE_ADMIN_TOKEN: '-'.repeat(32), ...process.env })));
