import { openLater } from './open-later.js';
import { type Traits, type Transport } from './transport.js';

/** A transport of which only its traits are here; the rest is loaded at each opening, which costs something at the first alone. */
export function onDemand(traits: Traits, load: () => Promise<Transport>): Transport {
  return {
    ...traits,
    open: (request, listener) => {
      const prepare = async () => {
        const transport = await load();
        return () => transport.open(request, listener);
      };
      return openLater(prepare, 'connection_failed', listener);
    },
  };
}
