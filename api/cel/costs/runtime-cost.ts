import { sizeOf } from '../functions/standard-functions.ts';
import { Address, Network } from '../values/ip-address.ts';
import { NamedFormat } from '../values/named-formats.ts';
import { Quantity } from '../../machinery/quantity.ts';
import { Semver } from '../values/semver.ts';
import { CelList, OptionalValue, UrlValue, isMap } from '../values/value.ts';
import type { Value } from '../values/value.ts';

/**
 * What a call costs (cel-go interpreter/runtimecost.go, apiserver pkg/cel/library/cost.go). The unit is about 50 ns
 * of upstream's machine; texts cost a tenth of it per character.
 */
export const TRAVERSAL = 0.1;
export const REGEX_FACTOR = 0.25;
export const LIST_COST = 10;
export const MAP_COST = 30;

type Cost = (args: readonly Value[], result: Value) => number;

export function actualSize(value: Value | undefined): number {
  if (value === undefined) return 1;
  if (value instanceof OptionalValue) return value.value === undefined ? 1 : actualSize(value.value);
  if (value instanceof Address) return value.bits / 8;
  if (value instanceof Network) return Math.ceil(value.length / 8);
  return sizeOf(value) ?? 1;
}

const traversed =
  (index: number, factor = TRAVERSAL): Cost =>
  (args) =>
    Math.ceil(actualSize(args[index]) * factor);

const one: Cost = () => 1;

const regex: Cost = ([text, pattern]) =>
  Math.ceil((1 + actualSize(text)) * TRAVERSAL) * Math.ceil(actualSize(pattern) * REGEX_FACTOR);

const shorter: Cost = ([a, b]) => Math.ceil(Math.min(actualSize(a), actualSize(b)) * TRAVERSAL);

const SCALAR_LIKE = [Quantity, Address, Network, NamedFormat, UrlValue, Semver];

const equality: Cost = (args, result) =>
  SCALAR_LIKE.some((type) => args[0] instanceof type) ? 1 : shorter(args, result);

const elements: Cost = ([value = null]) => traversalCost(value);

/** What it takes to look at all of a value. */
function traversalCost(value: Value): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * TRAVERSAL);
  if (value instanceof Uint8Array) return Math.floor(value.length * TRAVERSAL);
  let cost = 0;
  if (value instanceof CelList) for (const item of value) cost += traversalCost(item);
  else if (isMap(value))
    for (const key of value.keys()) cost += traversalCost(key) + traversalCost(value.find(key) ?? null);
  else return 1;
  return cost;
}

/** Two byte strings of the size of the network are compared; a text must be read first. */
const containsIp =
  (readsText: boolean): Cost =>
  ([network, other]) =>
    Math.ceil(2 * actualSize(network) * TRAVERSAL) +
    (readsText ? Math.ceil(actualSize(other) * TRAVERSAL) : 0);

const containsCidr =
  (readsText: boolean): Cost =>
  (args, result) =>
    containsIp(readsText)(args, result) + Math.ceil(actualSize(args[0]) * TRAVERSAL) + 1;

const validate: Cost = ([format, text]) =>
  Math.ceil((1 + actualSize(text)) * TRAVERSAL) *
  Math.ceil((format instanceof NamedFormat ? format.regexSize : 1) * REGEX_FACTOR);

const product: Cost = ([a, b]) => actualSize(a) * actualSize(b);
/** The list that is made, and a look at each of its items. */
const newList: Cost = (_args, result) => 1 + LIST_COST + actualSize(result);
const quadratic: Cost = ([list]) => 1 + LIST_COST + 2 * actualSize(list) ** 2;

/** By the name of the function, as the estimator of Kubernetes has it; it goes before the costs of cel-go. */
const BY_FUNCTION: Record<string, Cost> = {
  '_==_': equality,
  isSorted: elements,
  sum: elements,
  max: elements,
  min: elements,
  indexOf: elements,
  lastIndexOf: elements,
  includes: elements,
  url: traversed(0),
  lowerAscii: traversed(0),
  upperAscii: traversed(0),
  substring: traversed(0),
  trim: traversed(0),
  replace: traversed(0, 2 * TRAVERSAL),
  split: traversed(0, 2 * TRAVERSAL),
  join: (_args, result) => Math.ceil(actualSize(result) * 2 * TRAVERSAL),
  find: regex,
  findAll: regex,
  cidr: traversed(0),
  isIP: traversed(0),
  isCIDR: traversed(0),
  ip: traversed(0),
  'ip.isCanonical': traversed(0, 2 * TRAVERSAL),
  quantity: traversed(0),
  isQuantity: traversed(0),
  semver: traversed(0),
  sort: quadratic,
  '@sortByAssociatedKeys': quadratic,
  isSemver: traversed(0),
  validate,
};

const BY_OVERLOAD: Record<string, Cost> = {
  list_sets_contains_list: (args, result) => 1 + product(args, result),
  list_sets_intersects_list: (args, result) => 1 + product(args, result),
  list_sets_equivalent_list: (args, result) => 1 + 2 * product(args, result),
  list_slice: newList,
  list_flatten: ([list]) => 1 + LIST_COST + actualSize(list),
  list_flatten_int: ([list]) => 1 + LIST_COST + actualSize(list),
  lists_range: newList,
  list_reverse: newList,
  list_distinct: quadratic,
  cidr_ip: one,
  cidr_contains_ip_string: containsIp(true),
  cidr_contains_ip_ip: containsIp(false),
  cidr_contains_cidr_string: containsCidr(true),
  cidr_contains_cidr: containsCidr(false),
  starts_with_string: traversed(1),
  ends_with_string: traversed(1),
  string_to_bytes: traversed(0),
  bytes_to_string: traversed(0),
  strings_quote: traversed(0),
  string_format: traversed(0),
  in_list: (args) => actualSize(args[1]),
  not_equals: shorter,
  add_string: (args) => Math.ceil((actualSize(args[0]) + actualSize(args[1])) * TRAVERSAL),
  add_bytes: (args) => Math.ceil((actualSize(args[0]) + actualSize(args[1])) * TRAVERSAL),
  matches: regex,
  matches_string: regex,
  contains_string: ([text, part]) =>
    Math.ceil(actualSize(text) * TRAVERSAL) * Math.ceil(actualSize(part) * TRAVERSAL),
  ...Object.fromEntries(
    ['less', 'less_equals', 'greater', 'greater_equals'].flatMap((name) => [
      [`${name}_string`, shorter],
      [`${name}_bytes`, shorter],
    ]),
  ),
};

/** The cost of a call of an overload, by its arguments and its result. */
export function costOf({ fn, id }: { fn: string; id: string }): Cost {
  if (Object.hasOwn(BY_OVERLOAD, id)) return BY_OVERLOAD[id] ?? one;
  return (Object.hasOwn(BY_FUNCTION, fn) ? BY_FUNCTION[fn] : undefined) ?? one;
}
