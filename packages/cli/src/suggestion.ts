import leven from 'leven';
import { type CommandError } from './command-error.js';
import { type AdminApi } from './api/admin-api.js';

/** A name further away than this is another one, not a misspelt one. */
const MOST_EDITS = 3;
const MOST_CANDIDATES = 5000;
/** Fewer letters than this are the beginning of too much: `dev` is development. */
const SHORTEST_BEGINNING = 3;

/** The candidate that was most likely meant, or null. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const near = candidates
    .map((candidate) => ({ candidate, edits: leven(word, candidate) }))
    .filter(({ candidate, edits }) => edits <= MOST_EDITS && edits < Math.max(word.length, candidate.length) / 2)
    .sort((a, b) => a.edits - b.edits);
  return near[0]?.candidate ?? begunBy(word, candidates);
}

function begunBy(word: string, candidates: readonly string[]): string | null {
  if (word.length < SHORTEST_BEGINNING) return null;
  const begun = candidates.filter((candidate) => candidate.startsWith(word)).sort((a, b) => a.length - b.length);
  return begun[0] ?? null;
}

/** The error with the name that was meant, where the list at `path` has one like it. */
export async function didYouMean(
  error: CommandError,
  { api, path, word, field }: { api: AdminApi; path: string; word: string; field: 'id' | 'key' },
): Promise<CommandError> {
  const names: string[] = [];
  try {
    for await (const item of api.pages<Record<string, unknown>>(path)) {
      if (names.push(String(item[field])) >= MOST_CANDIDATES) break;
    }
  } catch {
    return error; // a suggestion is no reason to fail in another way
  }
  const meant = nearest(word, names);
  return meant === null ? error : error.advise(`Did you mean ${meant}?`);
}
