import { ONE, add, range, scaled, times } from './cost-estimate.ts';
import type { Estimated, Range } from './cost-estimate.ts';
import { LIST_COST, REGEX_FACTOR, TRAVERSAL } from './runtime-cost.ts';

/** The worst that calls can cost, and how large their results can be, by the sizes of their arguments. */
export interface CallEstimate {
  readonly cost: Range;
  readonly size?: Range;
}

type Estimate = (args: readonly Estimated[]) => CallEstimate;

const EMPTY: Estimated = { size: range(0, Infinity), itemSize: undefined, isList: false };
const at = (args: readonly Estimated[], index: number): Estimated => args[index] ?? EMPTY;

const traversal =
  (index: number, factor = TRAVERSAL): Estimate =>
  (args) => ({ cost: scaled(at(args, index).size, factor) });

/** Results are at most as long as what they are made of. */
const transform: Estimate = (args) => ({ cost: scaled(at(args, 0).size, TRAVERSAL), size: at(args, 0).size });

const one: Estimate = () => ({ cost: ONE });

const regexCost = (args: readonly Estimated[]): Range =>
  times(scaled(add(at(args, 0).size, ONE), TRAVERSAL), scaled(at(args, 1).size, REGEX_FACTOR));

const find: Estimate = (args) => ({ cost: regexCost(args), size: range(0, at(args, 0).size.max) });

const elements: Estimate = (args) => {
  const { size, itemSize, isList } = at(args, 0);
  if (!isList) return { cost: scaled(size, TRAVERSAL) };
  const each = itemSize === undefined ? ONE : add(ONE, scaled(itemSize, TRAVERSAL));
  return { cost: times(size, each) };
};

const equality: Estimate = (args) => {
  const max = Math.min(at(args, 0).size.max, at(args, 1).size.max);
  return { cost: scaled(range(max > 0 ? 1 : 0, max), TRAVERSAL) };
};

const concatenation: Estimate = (args) => {
  const size = add(at(args, 0).size, at(args, 1).size);
  return { cost: scaled(size, TRAVERSAL), size };
};

const replace: Estimate = (args) => {
  const [text, from, to] = [at(args, 0).size, at(args, 1).size, at(args, 2).size];
  const count = { min: 0, max: 0 };
  const kept = { min: 0, max: 0 };
  if (from.min === 0) [count.max, kept.max] = [text.max + 1, text.max];
  else if (to.max <= from.min) kept.max = text.max;
  else count.max = Math.ceil(text.max / from.min);
  if (from.max === 0) [count.min, kept.min] = [text.min + 1, text.min];
  else if (from.max <= to.min) kept.min = text.min;
  else count.min = Math.ceil(text.min / from.max);
  return { cost: scaled(text, 2 * TRAVERSAL), size: add(times(count, to), kept) };
};

const split: Estimate = (args) => ({
  cost: scaled(at(args, 0).size, 2 * TRAVERSAL),
  size: range(0, at(args, 0).size.max),
});

const join: Estimate = (args) => {
  const list = at(args, 0);
  const items = times(list.size, list.itemSize ?? range(0, Infinity));
  const gaps = range(Math.max(0, list.size.min - 1), Math.max(0, list.size.max - 1));
  const size = args.length > 1 ? add(items, times(at(args, 1).size, gaps)) : items;
  return { cost: scaled(size, TRAVERSAL), size };
};

const NETWORK = range(4, 16);

const contains =
  (isCidr: boolean, readsText: boolean): Estimate =>
  (args) => {
    const compared = scaled(add(NETWORK, NETWORK), TRAVERSAL);
    const masked = isCidr ? add(scaled(NETWORK, TRAVERSAL), ONE) : range(0);
    return { cost: add(compared, masked, readsText ? scaled(at(args, 1).size, TRAVERSAL) : range(0)) };
  };

const MAX_FORMAT_REGEX = 128;

const validate: Estimate = (args) => ({
  cost: scaled(scaled(at(args, 1).size, TRAVERSAL), MAX_FORMAT_REGEX * REGEX_FACTOR),
});

const pairs: Estimate = (args) => ({ cost: add(times(at(args, 0).size, at(args, 1).size), ONE) });
const pairsTwice: Estimate = (args) => ({
  cost: add(scaled(times(at(args, 0).size, at(args, 1).size), 2), ONE),
});
const newList: Estimate = (args) => ({
  cost: add(at(args, 0).size, range(LIST_COST + 1)),
  size: at(args, 0).size,
});
const quadratic: Estimate = (args) => ({
  cost: add(scaled(times(at(args, 0).size, at(args, 0).size), 2), range(LIST_COST + 1)),
  size: at(args, 0).size,
});

const BY_FUNCTION: Record<string, Estimate> = {
  isSorted: elements,
  sum: elements,
  max: elements,
  min: elements,
  indexOf: elements,
  lastIndexOf: elements,
  includes: elements,
  url: transform,
  lowerAscii: transform,
  upperAscii: transform,
  substring: transform,
  trim: transform,
  replace,
  split,
  join,
  find,
  findAll: find,
  cidr: traversal(0),
  isIP: traversal(0),
  isCIDR: traversal(0),
  ip: traversal(0),
  'ip.isCanonical': traversal(0, 2 * TRAVERSAL),
  quantity: traversal(0),
  isQuantity: traversal(0),
  semver: traversal(0),
  isSemver: traversal(0),
  validate,
  sort: quadratic,
  '@sortByAssociatedKeys': quadratic,
};

const BY_OVERLOAD: Record<string, Estimate> = {
  cidr_ip: one,
  cidr_contains_ip_string: contains(false, true),
  cidr_contains_ip_ip: contains(false, false),
  cidr_contains_cidr_string: contains(true, true),
  cidr_contains_cidr: contains(true, false),
  string_format: traversal(0),
  string_to_bytes: (args) => ({
    cost: scaled(at(args, 0).size, TRAVERSAL),
    size: range(at(args, 0).size.min, at(args, 0).size.max * 4),
  }),
  bytes_to_string: (args) => ({
    cost: scaled(at(args, 0).size, TRAVERSAL),
    size: range(Math.floor(at(args, 0).size.min / 4), at(args, 0).size.max),
  }),
  starts_with_string: traversal(1),
  ends_with_string: traversal(1),
  in_list: (args) => ({ cost: at(args, 1).size }),
  matches: (args) => ({ cost: regexCost(args) }),
  matches_string: (args) => ({ cost: regexCost(args) }),
  contains_string: (args) => ({
    cost: times(scaled(at(args, 0).size, TRAVERSAL), scaled(at(args, 1).size, TRAVERSAL)),
  }),
  add_string: concatenation,
  add_bytes: concatenation,
  add_list: (args) => ({ cost: ONE, size: add(at(args, 0).size, at(args, 1).size) }),
  equals: equality,
  not_equals: equality,
  list_sets_contains_list: pairs,
  list_sets_intersects_list: pairs,
  list_sets_equivalent_list: pairsTwice,
  list_slice: newList,
  list_flatten: newList,
  list_flatten_int: newList,
  list_reverse: newList,
  list_distinct: quadratic,
  ...Object.fromEntries(
    ['less', 'less_equals', 'greater', 'greater_equals'].flatMap((name) => [
      [`${name}_string`, equality],
      [`${name}_bytes`, equality],
    ]),
  ),
};

export function estimateCall(
  { fn, id }: { fn: string; id: string },
  args: readonly Estimated[],
): CallEstimate {
  if (Object.hasOwn(BY_OVERLOAD, id)) return (BY_OVERLOAD[id] ?? one)(args);
  return ((Object.hasOwn(BY_FUNCTION, fn) ? BY_FUNCTION[fn] : undefined) ?? one)(args);
}
