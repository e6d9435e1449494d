/**
 * What `import … from 'flagwire'` gives: the entry of the package, for teams that run the server with Nest modules of their
 * own. Inside of `src` nothing imports it.
 */
export { type Extension, runServer } from './run.js';
export { ChangesModule } from './changes/changes.module.js';
export { ChangeFeed, type FeedUpdate } from './changes/change-feed.js';
export { AdminAccess } from './auth/access.decorator.js';
export { Open } from './common/access.js';
