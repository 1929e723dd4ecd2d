/** Values with more levels are no output anybody can use; the API refuses them, and functions that call themselves run out of stack. */
export const MOST_LEVELS = 100;

/** Whether a JSON value has at most so many levels of lists and objects. Level by level, so that none is too deep to look at. */
export function isShallow(value: unknown, most: number = MOST_LEVELS): boolean {
  let level = [value].filter(isComposite);
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > most) return false;
    level = level.flatMap((one) => Object.values(one)).filter(isComposite);
  }
  return true;
}

const isComposite = (value: unknown): value is object => typeof value === 'object' && value !== null;
