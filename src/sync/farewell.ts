import { type ControlMessage, type GoodbyeReason } from '@flagwire/protocol/sync';
import { frameOf, openText } from './form.js';
import { type Outlet } from './outlet.js';

/** The last words, with the delay that the client shall keep before them. */
export function sayGoodbye(outlet: Outlet, id: string, reason: GoodbyeReason, retryAfterMs: number | null): void {
  const { form } = outlet;
  const goodbye = { type: 'Goodbye', data: { reason, retry_after_ms: retryAfterMs } } satisfies ControlMessage;
  const delay = retryAfterMs === null ? null : form.opening(id, retryAfterMs);
  outlet.gather(() => {
    if (delay !== null) outlet.send(delay);
    outlet.send(frameOf(form, { openText: openText(goodbye), id }));
  });
}
