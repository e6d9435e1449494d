/** What an application needs beside `@openfeature/server-sdk`. */
export { FlagwireProvider } from './flagwire-provider.js';
export type { FlagwireProviderOptions } from './options.js';
