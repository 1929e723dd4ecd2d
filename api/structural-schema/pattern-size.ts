/** About as many states as can be compiled in a third of a second; schemas out there have hundreds. */
export const MAX_PATTERN_STATES = 50_000;

/** Classes by property are tables of hundreds of ranges. */
const PROPERTY_STATES = 50;
const TOKEN =
  /\\[pP](?:\{[^}]*\}|.)|\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:[^\]]*:\]|[^\]\\])*\]|\{\d+(?:,\d*)?\}|./gsu;

/** How many states a pattern has at most, about: known before it is compiled. */
export function patternSize(pattern: string): number {
  const groups = [{ total: 0, last: 0 }];
  const add = (size: number): void => {
    const group = groups.at(-1);
    if (group === undefined) return;
    group.total += size;
    group.last = size;
  };
  for (const [token] of pattern.matchAll(TOKEN)) {
    if (token === '(') groups.push({ total: 0, last: 0 });
    else if (token === ')' && groups.length > 1) add((groups.pop()?.total ?? 0) + 2);
    else if (/^\{\d/.test(token)) add((groups.at(-1)?.last ?? 0) * (repeats(token) - 1));
    else add(atomSize(token));
  }
  return groups.reduce((sum, { total }) => sum + total, 0);
}

const repeats = (token: string): number => Math.max(1, ...(token.match(/\d+/g) ?? []).map(Number));

function atomSize(token: string): number {
  const properties = token.match(/\\[pP]/g)?.length ?? 0;
  return properties > 0 ? properties * PROPERTY_STATES : token.length;
}
