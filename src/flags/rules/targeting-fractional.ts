import { isPlainObject } from './json-shape.js';
import { at, type MistakeList } from './mistake.js';
import { itemsOf, nestedIn, type Place } from './targeting-arguments.js';

/** Above it flagd's engines put nobody into any bucket. */
const MOST_WEIGHT = 2_147_483_647;

/** The buckets of a `fractional`: all its items, or all but a bucketing expression that stands first. */
export function bucketsOf(list: unknown[], path: string): Place[] {
  return itemsOf(list, path).slice(isPlainObject(list[0]) ? 1 : 0);
}

/** `{"fractional": [["on", 10], ["off", 90]]}`, or with `{"var": "email"}` before the buckets. */
export function inspectFractional(list: unknown[], path: string, mistakes: MistakeList): Place[] {
  const buckets = bucketsOf(list, path);
  if (list.length > 0 && buckets.length === 0) mistakes.add(path, 'has no buckets: add at least one, as in ["on", 50]');
  let sum = 0;
  for (const [bucket, place] of buckets) {
    if (Array.isArray(bucket)) sum += inspectBucket(bucket, place, mistakes);
    else
      mistakes.add(
        place,
        'must be a bucket: a list of a variant and a weight, as in ["on", 50]; a bucketing value is an operation and stands first',
      );
  }
  if (sum > MOST_WEIGHT) mistakes.add(path, `has weights that add up to ${sum}: at most ${MOST_WEIGHT} are allowed`);
  // The bucketing expression, the variants and the weights may all be operations.
  return nestedIn(list, path);
}

/** @returns the bucket's weight; 0 where it is computed or wrong. */
function inspectBucket(bucket: unknown[], path: string, mistakes: MistakeList): number {
  if (bucket.length === 0 || bucket.length > 2) {
    mistakes.add(path, `has ${bucket.length} items: write a variant and a weight, as in ["on", 50]`);
  }
  const [, weight = 1] = bucket;
  if (isPlainObject(weight)) return 0;
  if (typeof weight === 'number' && Number.isInteger(weight) && weight >= 0) return weight;
  mistakes.add(at(path, 1), 'must be a weight: a whole number of 0 or more, or an operation that gives one');
  return 0;
}
