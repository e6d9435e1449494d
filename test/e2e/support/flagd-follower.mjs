// A process of its own: once its key is dead, the stock provider tries again for ever, also when it is closed.
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature } from '@openfeature/server-sdk';

const [port, selector] = process.argv.slice(2);
await OpenFeature.setProviderAndWait(
  new FlagdProvider({
    ...{ resolverType: 'in-process', host: '127.0.0.1', port: Number(port), selector },
    ...{ deadlineMs: 5000, retryBackoffMs: 1000, retryBackoffMaxMs: 1000 },
  }),
);
const client = OpenFeature.getClient();
setInterval(async () => {
  const { value } = await client.getObjectDetails('object', {});
  process.stdout.write(`${client.providerStatus} ${JSON.stringify(value)}\n`);
}, 50);
