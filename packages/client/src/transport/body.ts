import { type FetchResponse, globals } from '../platform.js';
import { piecesOf } from './pieces.js';

/** The body as text, or null where it is longer than `limit` characters. */
export async function textOf(
  response: FetchResponse,
  limit: number,
  onPiece: () => void = () => undefined,
): Promise<string | null> {
  const decoder = new globals.TextDecoder();
  const parts: string[] = [];
  let length = 0;
  for await (const piece of piecesOf(response)) {
    onPiece();
    const part = decoder.decode(piece, { stream: true });
    length += part.length;
    if (length > limit) return null;
    parts.push(part);
  }
  return parts.join('') + decoder.decode();
}
