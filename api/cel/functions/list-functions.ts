import { compare, int, uint } from './arithmetic-functions.ts';
import { equals } from '../values/equality.ts';
import { fail } from '../values/evaluation-error.ts';
import type { Evaluation } from '../values/evaluation.ts';
import { UnsignedInteger } from '../language/expression.ts';
import type { Declaration, Run } from './function-declaration.ts';
import { CelList, Duration } from '../values/value.ts';
import type { Value } from '../values/value.ts';

/** Lists: apiserver pkg/cel/library/lists.go, cel-go ext/lists.go (version 3) and ext/sets.go. */

const list = (value: Value | undefined): CelList => value as CelList;

function isSorted(items: CelList): boolean {
  for (let index = 1; index < items.size; index += 1)
    if (compare(items.at(index - 1), items.at(index)) > 0) return false;
  return true;
}

const extreme =
  (name: string, sign: 1 | -1): Run =>
  ([items]) => {
    let best: Value | undefined;
    for (const item of list(items)) if (best === undefined || compare(item, best) * sign > 0) best = item;
    return best === undefined ? fail(`${name} called on empty list`) : best;
  };

function sum(items: CelList, zero: Value): Value {
  let total = zero;
  for (const item of items) total = plus(total, item);
  return total;
}

function plus(a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return int(a + b);
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof UnsignedInteger && b instanceof UnsignedInteger) return uint(a.value + b.value);
  return a instanceof Duration && b instanceof Duration
    ? new Duration(a.nanos + b.nanos)
    : fail('no such overload');
}

export function indexOf(items: CelList, item: Value, evaluation: Evaluation): number {
  for (let index = 0; index < items.size; index += 1)
    if (equals(items.at(index), item, evaluation)) return index;
  return -1;
}

function lastIndexOf(items: CelList, item: Value, evaluation: Evaluation): number {
  for (let index = items.size - 1; index >= 0; index -= 1)
    if (equals(items.at(index), item, evaluation)) return index;
  return -1;
}

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];
const SUMMABLE: readonly (readonly [type: string, zero: Value])[] = [
  ['int', 0n],
  ['uint', new UnsignedInteger(0n)],
  ['double', 0],
  ['duration', new Duration(0n)],
];

const KUBERNETES_LISTS: readonly Declaration[] = [
  ...COMPARABLE.flatMap((type): Declaration[] => [
    [
      'isSorted',
      `list_${type}_is_sorted_bool`,
      `list(${type}).() -> bool`,
      ([items]) => isSorted(list(items)),
    ],
    ['max', `list_${type}_max_${type}`, `list(${type}).() -> ${type}`, extreme('max', 1)],
    ['min', `list_${type}_min_${type}`, `list(${type}).() -> ${type}`, extreme('min', -1)],
  ]),
  ...SUMMABLE.map(([type, zero]): Declaration => [
    'sum',
    `list_${type}_sum_${type}`,
    `list(${type}).() -> ${type}`,
    ([items]) => sum(list(items), zero),
  ]),
  [
    'indexOf',
    'list_a_index_of_int',
    'list(A).(A) -> int',
    ([items, item = null], evaluation) => BigInt(indexOf(list(items), item, evaluation)),
  ],
  [
    'lastIndexOf',
    'list_a_last_index_of_int',
    'list(A).(A) -> int',
    ([items, item = null], evaluation) => BigInt(lastIndexOf(list(items), item, evaluation)),
  ],
  [
    'includes',
    'list_includes_dyn_dyn',
    'dyn.(dyn) -> bool',
    ([target = null, item = null], evaluation) =>
      target instanceof CelList ? indexOf(target, item, evaluation) >= 0 : equals(target, item, evaluation),
  ],
];

function slice(items: CelList, start: bigint, end: bigint): CelList {
  if (start < 0n || end < 0n) fail(`cannot slice(${start}, ${end}), negative indexes not supported`);
  if (start > end)
    fail(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`);
  if (end > BigInt(items.size)) fail(`cannot slice(${start}, ${end}), list is length ${items.size}`);
  return new CelList([...items].slice(Number(start), Number(end)));
}

function flatten(items: CelList, depth: bigint, evaluation: Evaluation): Value[] {
  const flat: Value[] = [];
  for (const item of items) {
    evaluation.labour(1);
    if (item instanceof CelList && depth > 0n) flat.push(...flatten(item, depth - 1n, evaluation));
    else flat.push(item);
  }
  return flat;
}

function distinct(items: CelList, evaluation: Evaluation): CelList {
  const kept: Value[] = [];
  for (const item of items) if (!kept.some((one) => equals(one, item, evaluation))) kept.push(item);
  return new CelList(kept);
}

function sortedBy(items: CelList, keys: CelList): CelList {
  if (items.size !== keys.size)
    fail(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${items.size} and ${keys.size} elements respectively`,
    );
  const pairs = Array.from(items, (item, index) => ({ item, key: keys.at(index) }));
  return new CelList(pairs.sort((a, b) => compare(a.key, b.key)).map(({ item }) => item));
}

const MAX_RANGE = 1_000_000n;

function range(size: bigint): CelList {
  if (size > MAX_RANGE) fail(`lists.range: size ${size} exceeds the maximum allowed range size ${MAX_RANGE}`);
  return new CelList(Array.from({ length: Math.max(0, Number(size)) }, (_, index) => BigInt(index)));
}

const CEL_GO_LISTS: readonly Declaration[] = [
  [
    'slice',
    'list_slice',
    'list(T).(int, int) -> list(T)',
    ([items, start, end]) => slice(list(items), start as bigint, end as bigint),
  ],
  [
    'flatten',
    'list_flatten',
    'list(list(T)).() -> list(T)',
    ([items], evaluation) => new CelList(flatten(list(items), 1n, evaluation)),
  ],
  [
    'flatten',
    'list_flatten_int',
    'list(dyn).(int) -> list(dyn)',
    ([items, depth], evaluation) => {
      if ((depth as bigint) < 0n) fail('level must be non-negative');
      return new CelList(flatten(list(items), depth as bigint, evaluation));
    },
  ],
  ...COMPARABLE.flatMap((type): Declaration[] => [
    [
      'sort',
      `list_${type}_sort`,
      `list(${type}).() -> list(${type})`,
      ([items]) => new CelList([...list(items)].sort(compare)),
    ],
    [
      '@sortByAssociatedKeys',
      `list_${type}_sortByAssociatedKeys`,
      `list(T).(list(${type})) -> list(T)`,
      ([items, keys]) => sortedBy(list(items), list(keys)),
    ],
  ]),
  ['lists.range', 'lists_range', '(int) -> list(int)', ([size]) => range(size as bigint)],
  [
    'reverse',
    'list_reverse',
    'list(T).() -> list(T)',
    ([items]) => new CelList([...list(items)].toReversed()),
  ],
  [
    'distinct',
    'list_distinct',
    'list(T).() -> list(T)',
    ([items], evaluation) => distinct(list(items), evaluation),
  ],
];

const containsAll = (a: CelList, b: CelList, evaluation: Evaluation): boolean =>
  [...b].every((item) => indexOf(a, item, evaluation) >= 0);

const SETS: readonly Declaration[] = [
  [
    'sets.contains',
    'list_sets_contains_list',
    '(list(T), list(T)) -> bool',
    ([a, b], evaluation) => containsAll(list(a), list(b), evaluation),
  ],
  [
    'sets.equivalent',
    'list_sets_equivalent_list',
    '(list(T), list(T)) -> bool',
    ([a, b], evaluation) =>
      containsAll(list(a), list(b), evaluation) && containsAll(list(b), list(a), evaluation),
  ],
  [
    'sets.intersects',
    'list_sets_intersects_list',
    '(list(T), list(T)) -> bool',
    ([a, b], evaluation) => [...list(b)].some((item) => indexOf(list(a), item, evaluation) >= 0),
  ],
];

export const LISTS: readonly Declaration[] = [...KUBERNETES_LISTS, ...CEL_GO_LISTS, ...SETS];
