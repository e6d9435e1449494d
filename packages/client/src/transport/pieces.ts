import { type FetchResponse } from '../platform.js';

/** The body, piece by piece. */
export async function* piecesOf(response: FetchResponse): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
    if (piece.value !== undefined) yield piece.value;
  }
}
