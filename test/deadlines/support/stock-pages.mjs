/**
 * Pages in a process of their own, each with OpenFeature's stock OFREP provider: `{ open: { url, key, count } }` opens them and answers
 * when each has its flags and its notice stream; `{ tally: true }` answers when they asked for all flags since the last time, in
 * monotonic milliseconds, and how many have the flag "shown" on.
 */
import { performance } from 'node:perf_hooks';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { EventSource } from 'eventsource';

/** More at once would be another test. */
const AT_ONCE = 20;

let opened = 0;
let asked = [];
const pages = [];

// The provider takes the global one, and there is no other way in.
globalThis.EventSource = class extends EventSource {
  constructor(address) {
    super(address);
    this.addEventListener('open', () => (opened += 1));
  }
};

async function open({ url, key }) {
  const fetchImplementation = (...request) => {
    asked.push(performance.now());
    return fetch(...request);
  };
  const headers = [['Authorization', `Bearer ${key}`]];
  const page = new OFREPWebProvider({ baseUrl: url, headers, cacheMode: 'disabled', fetchImplementation });
  await page.initialize({ targetingKey: `page-${pages.push(page)}` });
}

async function openAll({ count, ...site }) {
  while (pages.length < count) await Promise.all(Array.from({ length: AT_ONCE }, () => open(site)));
  while (opened < count) await new Promise((resolve) => setTimeout(resolve, 20));
}

process.on('message', async (message) => {
  if (message.open) await openAll(message.open);
  const on = pages.filter((page) => page.resolveBooleanEvaluation('shown', false).value).length;
  process.send({ asked, on });
  asked = [];
});
process.on('disconnect', () => process.exit());
