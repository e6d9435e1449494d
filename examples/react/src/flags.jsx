import { createContext, useContext, useSyncExternalStore } from 'react';

const Flags = createContext(null);

/** Gives everything inside the flags of one `EvaluatedFlagClient`. */
export function FlagProvider({ client, children }) {
  return <Flags value={client}>{children}</Flags>;
}

/** The client, for `setContext`, `details` and `status`. */
export function useFlagClient() {
  const client = useContext(Flags);
  if (client === null) throw new Error('useFlag needs a <FlagProvider client={…}> around it');
  return client;
}

/** The flag's value. Renders again where that has changed, and for no other flag. On a server it is that of `bootstrap`. */
export function useFlag(id, fallback) {
  const client = useFlagClient();
  const read = () => client.value(id, fallback);
  return useSyncExternalStore((onChange) => client.on('change', onChange), read, read);
}
