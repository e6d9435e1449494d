import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';

const setting = (name) => document.querySelector(`meta[name=flagwire-${name}]`).content;
const [flag, reason] = ['flag', 'reason'].map((id) => document.getElementById(id));
const client = OpenFeature.getClient();

function show() {
  const details = client.getBooleanDetails('welcome', false);
  flag.textContent = details.value ? 'on' : 'off';
  flag.dataset.on = details.value;
  reason.textContent = details.reason;
}

client.addHandler(ProviderEvents.Ready, show);
client.addHandler(ProviderEvents.ConfigurationChanged, show);

await OpenFeature.setContext({ targetingKey: 'visitor-1' });
const headers = [['Authorization', `Bearer ${setting('key')}`]];
OpenFeature.setProvider(new OFREPWebProvider({ baseUrl: setting('url'), headers }));
