/** The flags of a Nest application. An entry of its own: the core knows nothing of Nest. */
export { Flag } from './nest/flag.decorator.js';
export type { FlagOptions } from './nest/flag.decorator.js';
export { FlagwireModule } from './nest/flagwire.module.js';
export type { FlagwireModuleExtras, FlagwireModuleOptions } from './nest/options.js';
export { getFlagSyncClientToken, InjectFlagSyncClient } from './nest/tokens.js';
