import { FlagwireProvider } from '@flagwire/openfeature';
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';

const { FLAGWIRE_URL: url = 'http://127.0.0.1:3000', FLAGWIRE_SDK_KEY: sdkKey } = process.env;

const client = OpenFeature.getClient();
const show = async () => console.log(`welcome is ${(await client.getBooleanValue('welcome', false)) ? 'on' : 'off'}`);

await OpenFeature.setProviderAndWait(new FlagwireProvider({ url, sdkKey }));
await show();
client.addHandler(ProviderEvents.ConfigurationChanged, show);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => OpenFeature.close());
