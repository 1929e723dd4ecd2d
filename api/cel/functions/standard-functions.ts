import { ARITHMETIC, COMPARISONS } from './arithmetic-functions.ts';
import { CONVERSIONS } from './conversion-functions.ts';
import { equals } from '../values/equality.ts';
import { fail } from '../values/evaluation-error.ts';
import { UnsignedInteger } from '../language/expression.ts';
import type { Declaration, Run } from './function-declaration.ts';
import { indexOf } from './list-functions.ts';
import { textSize } from './string-functions.ts';
import { CelList, Duration, OptionalValue, Timestamp, isMap } from '../values/value.ts';
import type { CelMap, LiteralMap, Value } from '../values/value.ts';

/** What the evaluator runs itself, because not all arguments may be evaluated. */
const lazily: Run = () => fail('no such overload');

const size: Run = ([value]) => BigInt(sizeOf(value ?? null) ?? fail('no such overload'));

/** The size of what has one. */
export function sizeOf(value: Value): number | undefined {
  if (typeof value === 'string') return textSize(value);
  if (value instanceof Uint8Array) return value.length;
  return value instanceof CelList || isMap(value) ? value.size : undefined;
}

/** The position that a value means in a list; an integer of any type. */
export function listIndex(index: Value): number {
  const at = index instanceof UnsignedInteger ? index.value : index;
  if (typeof at === 'bigint') return Number(at);
  if (typeof at === 'number' && Number.isInteger(at)) return at;
  return fail(`unsupported index value ${String(at)} in list`);
}

/** An element of a list or map; undefined when there is none. */
export function elementAt(container: Value, key: Value): Value | undefined {
  if (container instanceof CelList) {
    const at = listIndex(key);
    return at >= 0 && at < container.size ? container.at(at) : undefined;
  }
  return isMap(container) ? container.find(key) : fail('no such overload');
}

/** @throws EvaluationError `no such key` or `index out of bounds` */
export function requireElement(container: Value, key: Value): Value {
  const found = elementAt(container, key);
  if (found !== undefined) return found;
  if (container instanceof CelList) return fail(`index out of bounds: ${keyText(key)}`);
  return fail(`no such key: ${keyText(key)}`);
}

function keyText(key: Value): string {
  return key instanceof UnsignedInteger ? String(key.value) : String(key);
}

const isZero = (value: Value): boolean => {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true;
  if (value instanceof UnsignedInteger) return value.value === 0n;
  if (value instanceof Duration) return value.nanos === 0n;
  if (value instanceof Timestamp) return false;
  return value instanceof OptionalValue ? value.value === undefined : sizeOf(value) === 0;
};

const LOGIC: readonly Declaration[] = [
  ['_?_:_', 'conditional', '(bool, A, A) -> A', lazily],
  ['_&&_', 'logical_and', '(bool, bool) -> bool', lazily],
  ['_||_', 'logical_or', '(bool, bool) -> bool', lazily],
  ['!_', 'logical_not', '(bool) -> bool', ([value]) => value !== true],
  ['@not_strictly_false', 'not_strictly_false', '(bool) -> bool', lazily],
  ['_==_', 'equals', '(A, A) -> bool', ([a = null, b = null], evaluation) => equals(a, b, evaluation)],
  ['_!=_', 'not_equals', '(A, A) -> bool', ([a = null, b = null], evaluation) => !equals(a, b, evaluation)],
];

const CONTAINERS: readonly Declaration[] = [
  ['_[_]', 'index_list', '(list(A), int) -> A', ([list = null, at = null]) => requireElement(list, at)],
  ['_[_]', 'index_map', '(map(A, B), A) -> B', ([map = null, key = null]) => requireElement(map, key)],
  ['_[_]', 'optional_list_index_int', '(optional(list(V)), int) -> optional(V)', lazily],
  ['_[_]', 'optional_map_index_value', '(optional(map(K, V)), K) -> optional(V)', lazily],
  ['_[?_]', 'list_optindex_optional_int', '(list(V), int) -> optional(V)', lazily],
  ['_[?_]', 'optional_list_optindex_optional_int', '(optional(list(V)), int) -> optional(V)', lazily],
  ['_[?_]', 'map_optindex_optional_value', '(map(K, V), K) -> optional(V)', lazily],
  ['_[?_]', 'optional_map_optindex_optional_value', '(optional(map(K, V)), K) -> optional(V)', lazily],
  ['_?._', 'select_optional_field', '(dyn, string) -> optional(V)', lazily],
  [
    '@in',
    'in_list',
    '(A, list(A)) -> bool',
    ([item = null, list], evaluation) => indexOf(list as CelList, item, evaluation) >= 0,
  ],
  ['@in', 'in_map', '(A, map(A, B)) -> bool', ([key = null, map]) => (map as CelMap).find(key) !== undefined],
  ['size', 'size_bytes', '(bytes) -> int', size],
  ['size', 'bytes_size', 'bytes.() -> int', size],
  ['size', 'size_list', '(list(A)) -> int', size],
  ['size', 'list_size', 'list(A).() -> int', size],
  ['size', 'size_map', '(map(A, B)) -> int', size],
  ['size', 'map_size', 'map(A, B).() -> int', size],
  ['size', 'size_string', '(string) -> int', size],
  ['size', 'string_size', 'string.() -> int', size],
];

function insert(map: LiteralMap, key: Value, value: Value): LiteralMap {
  if (map.has(key)) fail(`insert failed: key ${keyText(key)} already exists`);
  map.set(key, value);
  return map;
}

function insertAll(map: LiteralMap, more: CelMap): LiteralMap {
  for (const key of more.keys()) insert(map, key, more.find(key) ?? null);
  return map;
}

/** Only folds call these, on the map they are building. */
const MAP_BUILDING: readonly Declaration[] = [
  [
    'cel.@mapInsert',
    '@mapInsert_map_key_value',
    '(map(K, V), K, V) -> map(K, V)',
    ([map, key = null, value = null]) => insert(map as LiteralMap, key, value),
  ],
  [
    'cel.@mapInsert',
    '@mapInsert_map_map',
    '(map(K, V), map(K, V)) -> map(K, V)',
    ([map, more]) => insertAll(map as LiteralMap, more as CelMap),
  ],
];

const some = (value: Value): OptionalValue => new OptionalValue(value);

const OPTIONALS: readonly Declaration[] = [
  ['optional.of', 'optional_of', '(V) -> optional(V)', ([value = null]) => some(value)],
  [
    'optional.ofNonZeroValue',
    'optional_ofNonZeroValue',
    '(V) -> optional(V)',
    ([value = null]) => (isZero(value) ? OptionalValue.none : some(value)),
  ],
  ['optional.none', 'optional_none', '() -> optional(V)', () => OptionalValue.none],
  [
    'value',
    'optional_value',
    'optional(V).() -> V',
    ([optional]) => (optional as OptionalValue).value ?? fail('optional.none() dereference'),
  ],
  [
    'hasValue',
    'optional_hasValue',
    'optional(V).() -> bool',
    ([optional]) => (optional as OptionalValue).value !== undefined,
  ],
  ['or', 'optional_or_optional', 'optional(V).(optional(V)) -> optional(V)', lazily],
  ['orValue', 'optional_orValue_value', 'optional(V).(V) -> V', lazily],
];

export const STANDARD: readonly Declaration[] = [
  ...LOGIC,
  ...ARITHMETIC,
  ...COMPARISONS,
  ...CONVERSIONS,
  ...CONTAINERS,
  ...MAP_BUILDING,
  ...OPTIONALS,
];
