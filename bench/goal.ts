/** What is wanted of a figure: a ratio of the product's to the floor's, or the product's own. */
export type Goal =
  /** Of the floor's figure at most, or at least, so many times as much. */
  | { most: number }
  | { least: number }
  /** The product's figure at most so much, in the row's unit. */
  | { mostOfAll: number };

/** Which number of a row the goal speaks of. */
export const isAbsolute = (goal: Goal): goal is { mostOfAll: number } => 'mostOfAll' in goal;

export function goalText(goal: Goal, unit: string): string {
  if ('mostOfAll' in goal) return `<= ${goal.mostOfAll} ${unit}`;
  return 'most' in goal ? `<= ${goal.most} x` : `>= ${goal.least} x`;
}

/** @param value the ratio, or the product's figure where the goal is one. */
export function verdictOn(goal: Goal, value: number): string {
  const over = 'least' in goal ? 1 - value / goal.least : value / ('most' in goal ? goal.most : goal.mostOfAll) - 1;
  return over <= 0 ? 'met' : `short by ${Math.max(1, Math.round(over * 100))} %`;
}
