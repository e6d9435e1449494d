import { FlagSyncClient } from '@flagwire/client';
import { storageCache } from '@flagwire/client/browser';

const [flag, status] = ['flag', 'status'].map((id) => document.getElementById(id));

async function ticket() {
  const answer = await fetch('/flag-ticket', { method: 'POST' });
  if (!answer.ok) throw new Error(`no ticket: ${answer.status}`);
  return answer.json(); // {ticket, expires_in}
}

const client = new FlagSyncClient({
  url: document.querySelector('meta[name=flagwire-url]').content,
  ticket,
  cache: storageCache(localStorage), // the next visit begins with it
});

client.on('status', ({ state }) => (status.textContent = state));
client.on('change', () => {
  const isOn = client.value('welcome', false);
  flag.textContent = isOn ? 'on' : 'off';
  flag.dataset.on = isOn;
});
client.on('error', ({ code, message }) => console.warn(`${code}: ${message}`));
