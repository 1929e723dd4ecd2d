import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { Address, Network } from './ip-address.ts';
import type { Evaluation } from './evaluation.ts';
import { UnsignedInteger } from '../language/expression.ts';
import { NamedFormat } from './named-formats.ts';
import { Quantity } from '../../machinery/quantity.ts';
import { Semver } from './semver.ts';
import { CelList, Duration, JsonMap, OptionalValue, Timestamp, TypeValue, UrlValue, isMap } from './value.ts';
import type { CelMap, Value } from './value.ts';

/** Equality of CEL: numbers by value whatever their type, containers deeply, values of different types never. */
export function equals(a: Value, b: Value, evaluation: Evaluation): boolean {
  evaluation.labour(1);
  if (a === b) return !(typeof a === 'number' && Number.isNaN(a));
  if (isNumeric(a) && isNumeric(b)) return numeric(a) == numeric(b); // oxlint-disable-line eqeqeq -- 1n == 1 compares by value, as CEL does
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof CelList) return b instanceof CelList && equalLists(a, b, evaluation);
  if (isMap(a)) return isMap(b) && equalMaps(a, b, evaluation);
  if (a instanceof OptionalValue) return b instanceof OptionalValue && equalOptionals(a, b, evaluation);
  return equalOpaque(a, b);
}

export function isNumeric(value: Value): value is UnsignedInteger | bigint | number {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof UnsignedInteger;
}

export function numeric(value: UnsignedInteger | bigint | number): bigint | number {
  return value instanceof UnsignedInteger ? value.value : value;
}

function equalOpaque(a: object, b: object): boolean {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  return equalOfKubernetes(a, b);
}

function equalOfKubernetes(a: object, b: object): boolean {
  if (a instanceof Address) return b instanceof Address && a.equals(b);
  if (a instanceof Network) return b instanceof Network && a.equals(b);
  if (a instanceof Quantity) return b instanceof Quantity && a.compare(b) === 0;
  if (a instanceof Semver) return b instanceof Semver && a.compare(b) === 0;
  if (a instanceof UrlValue) return b instanceof UrlValue && a.text === b.text;
  return a instanceof NamedFormat && b instanceof NamedFormat && a.name === b.name;
}

function equalOptionals(a: OptionalValue, b: OptionalValue, evaluation: Evaluation): boolean {
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equals(a.value, b.value, evaluation);
}

function equalLists(a: CelList, b: CelList, evaluation: Evaluation): boolean {
  if (a.raw === b.raw) return true;
  if (a.size !== b.size) return false;
  if (a.semantics !== undefined) return equalUnordered(a, b, evaluation);
  for (let index = 0; index < a.size; index += 1)
    if (!equals(a.at(index), b.at(index), evaluation)) return false;
  return true;
}

/** The items of set lists are scalars, those of map lists have keys: each is found by its own identity. */
function equalUnordered(a: CelList, b: CelList, evaluation: Evaluation): boolean {
  const byKey = new Map<string, Value>();
  for (const item of a) byKey.set(itemKey(a, item), item);
  const seen = new Set<string>();
  for (const item of b) {
    const key = itemKey(a, item);
    const other = byKey.get(key);
    if (other === undefined || !equals(other, item, evaluation)) return false;
    seen.add(key);
  }
  return seen.size === byKey.size;
}

/** What identifies an item in a set or map list. */
export function itemKey(list: CelList, item: Value): string {
  if (list.semantics?.type !== 'map') return scalarKey(item);
  if (!isMap(item)) return '';
  return list.semantics.keys.map((key) => scalarKey(item.find(key) ?? null)).join('\u0000');
}

function scalarKey(value: Value): string {
  if (isNumeric(value)) return `n${numeric(value)}`;
  if (value instanceof Timestamp || value instanceof Duration) return `t${value.nanos}`;
  if (value instanceof Uint8Array) return `b${Buffer.from(value).toString('hex')}`;
  return `${typeof value}${String(value)}`;
}

function equalMaps(a: CelMap, b: CelMap, evaluation: Evaluation): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  if (a instanceof JsonMap && b instanceof JsonMap) return equalObjects(a, b, evaluation);
  for (const key of a.keys()) {
    const left = a.find(key);
    const right = b.find(key);
    if (left === undefined || right === undefined || !equals(left, right, evaluation)) return false;
  }
  return true;
}

/** Properties that the schema does not declare are compared as the JSON they are. */
function equalObjects(a: JsonMap, b: JsonMap, evaluation: Evaluation): boolean {
  if (a.raw === b.raw) return true;
  for (const property of Object.keys(a.raw)) {
    if (!a.declares(property)) {
      evaluation.labour(1);
      if (Object.hasOwn(b.raw, property) && !deepEqual(a.raw[property], b.raw[property])) return false;
      continue;
    }
    const left = a.valueFor(property);
    const right = b.valueFor(property);
    if (left === undefined || right === undefined) {
      if (left !== right) return false;
    } else if (!equals(left, right, evaluation)) return false;
  }
  return true;
}
