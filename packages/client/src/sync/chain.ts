/** A list that grows at its end without a copy: staging 10,000 flags one by one would be quadratic with arrays that never change. */
export interface Chain<T> {
  readonly last: T;
  readonly earlier: Chain<T> | null;
}

export function append<T>(earlier: Chain<T> | null, last: T): Chain<T> {
  return { last, earlier };
}

/** First to last. */
export function itemsOf<T>(chain: Chain<T> | null): T[] {
  const items: T[] = [];
  for (let rest = chain; rest !== null; rest = rest.earlier) items.push(rest.last);
  return items.reverse();
}
