import { type State } from '@flagwire/client';

/** What OpenFeature's clients see of a provider that has been initialized. */
export type ProviderState = 'READY' | 'STALE' | 'ERROR';

/**
 * What the state of the client means to OpenFeature; null: the same as before. Only the flags of the server end an error: what is
 * `stale` because the key is refused will not mend itself.
 * @param refused the server has refused the key since its flags last came.
 */
export function providerStateOf(state: State, refused: boolean): ProviderState | null {
  switch (state) {
    case 'live':
    case 'polling':
      return 'READY';
    case 'stale':
      return refused ? 'ERROR' : 'STALE';
    case 'connecting':
      return refused ? 'ERROR' : null;
    case 'syncing':
    case 'closed':
      return null;
    default:
      return assertNever(state);
  }
}

function assertNever(state: never): never {
  throw new TypeError(`a state that nobody knows: ${String(state)}`);
}
