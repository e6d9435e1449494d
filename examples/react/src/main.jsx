import { EvaluatedFlagClient } from '@flagwire/client/evaluated';
import { storageCache } from '@flagwire/client/browser';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Plan, Welcome } from './app.jsx';
import { FlagProvider } from './flags.jsx';

const { url, key } = document.querySelector('meta[name=flagwire]').dataset;

// One for the whole page, beside React: it is made once, whatever is rendered.
const client = new EvaluatedFlagClient({
  url,
  clientKey: key,
  context: { targetingKey: 'visitor', plan: 'free' },
  cache: storageCache(localStorage, 'flagwire-values'),
});
client.on('error', ({ code, message }) => console.warn(`${code}: ${message}`));

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <FlagProvider client={client}>
      <Welcome />
      <Plan />
    </FlagProvider>
  </StrictMode>,
);
