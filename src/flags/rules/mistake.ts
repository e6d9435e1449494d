import { quoted } from '../../common/odd-characters.js';

/** One thing wrong in a request, as problem+json's `errors` carry it. */
export interface Mistake {
  /** Where, as `environments.production.targeting.if[1]`. */
  path: string;
  /** What is wrong and what to do about it. */
  message: string;
}

/** A list longer than this helps nobody, and a hostile body could have a million mistakes. */
export const MOST_REPORTED = 50;
const LONGEST_QUOTE = 64;
const MOST_NAMES = 10;

function shorten(text: string): string {
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE - 1)}…` : text;
}

/** The text in JSON quotes, shortened, with what is invisible written as escapes: safe in a log line and on a page. */
export function quote(text: string): string {
  return quoted(shorten(text));
}

/** Names for a sentence: `"on", "off"`; of a long list the first ten. */
export function quoteAll(names: readonly string[]): string {
  if (names.length === 0) return 'there is none';
  const shown = names.slice(0, MOST_NAMES).map(quote).join(', ');
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

const PLAIN_KEY = /^[^\s\p{C}.[\]"'\\]{1,64}$/u;

/** The path one step further in: `a[0]`, `a.key`, and `a["a key"]` for a key that would read as something else. */
export function at(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!PLAIN_KEY.test(key)) return `${path}[${quote(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** Gathers mistakes: each once, at most 50, and a count of what is added beyond them. */
export class MistakeList {
  private readonly kept = new Map<string, Mistake>();
  private more = 0;

  /** @param place a path, or what makes one where it is needed: of a hostile body's thousands it is not. */
  add(place: string | (() => string), message: string): void {
    if (this.kept.size >= MOST_REPORTED) {
      this.more += 1;
      return;
    }
    const path = typeof place === 'string' ? place : place();
    const key = `${path}\n${message}`;
    if (!this.kept.has(key)) this.kept.set(key, { path, message });
  }

  get isEmpty(): boolean {
    return this.kept.size === 0;
  }

  /** All that was kept, by path; where there were more, a last one at `path` says how many. */
  sorted(path: string): Mistake[] {
    const all = [...this.kept.values()].sort((a, b) => compare(a.path, b.path) || compare(a.message, b.message));
    if (this.more > 0) all.push({ path, message: `has ${this.more} more mistakes than are listed here: correct these first` });
    return all;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
