import { type Fetch } from '../platform.js';
import { addressOf, type Credential, headersOf, type Receipt, type Site, ticketOf } from '../transport/transport.js';

/**
 * `POST /sdk/ack`: a stream goes one way, so that it is acknowledged beside it. A refusal is final: what leads to it ends the stream as well.
 * @throws (rejects) where it was not heard, or not now.
 */
export async function postReceipt(
  fetch: Fetch,
  site: Site,
  credential: Credential,
  receipt: Receipt,
  signal: object,
): Promise<void> {
  const { status } = await fetch(addressOf({ ...site, flags: null }, 'ack', { ticket: ticketOf(credential) }), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headersOf(credential) },
    body: JSON.stringify(receipt),
    ...{ signal, redirect: 'manual', cache: 'no-store', credentials: 'omit' },
  });
  if (status === 429 || status >= 500) throw new Error(`answered with ${status}`);
}
