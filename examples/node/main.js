import { FlagSyncClient } from '@flagwire/client';

const { FLAGWIRE_URL: url = 'http://127.0.0.1:3000', FLAGWIRE_SDK_KEY: sdkKey } = process.env;

const client = new FlagSyncClient({ url, sdkKey });
const show = () => console.log(`welcome is ${client.value('welcome', false) ? 'on' : 'off'}`);

client.on('change', show);
client.on('error', ({ code, message }) => console.error(`${code}: ${message}`));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => client.close());
