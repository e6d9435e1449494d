/** Gives a ticket for these flags to each page, and asks Flagwire for a new one when half of its time is over. */
export function ticketsFor(flags, { url, key }) {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  let last = Promise.resolve({ renewAt: 0 });

  async function ask() {
    const answer = await fetch(`${url}/sdk/ticket`, { method: 'POST', headers, body: JSON.stringify({ flags }) });
    if (!answer.ok) throw new Error(`Flagwire gave no ticket: ${answer.status} ${await answer.text()}`);
    const { ticket, expires_in } = await answer.json();
    const now = performance.now();
    return { ticket, endsAt: now + expires_in * 1000, renewAt: now + expires_in * 500 };
  }

  return async () => {
    // One request for all pages that ask meanwhile; one that failed is not kept.
    last = last.then((kept) => (performance.now() < kept.renewAt ? kept : ask()), ask);
    const { ticket, endsAt } = await last;
    return { ticket, expires_in: Math.floor((endsAt - performance.now()) / 1000) };
  };
}
