import { compareBytes } from '../machinery/byte-order.ts';
import { isJsonObject } from '../machinery/json/json.ts';

/**
 * Equality and order of JSON values as structured-merge-diff has them (value/value.go): 1 and 1.0 are the same, and
 * values of different types are ordered by type.
 */

export function equalValues(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (isNumber(left)) return isNumber(right) && compareNumbers(left, right) === 0;
  if (Array.isArray(left)) return Array.isArray(right) && equalLists(left, right);
  return isJsonObject(left) && isJsonObject(right) && equalMaps(left, right);
}

function equalLists(left: unknown[], right: unknown[]): boolean {
  return left.length === right.length && left.every((value, index) => equalValues(value, right[index]));
}

function equalMaps(left: Record<string, unknown>, right: Record<string, unknown>): boolean {
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && equalValues(left[key], right[key]))
  );
}

function isNumber(value: unknown): value is bigint | number {
  return typeof value === 'number' || typeof value === 'bigint';
}

function compareNumbers(left: bigint | number, right: bigint | number): number {
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

/** Only texts with surrogates are ordered differently in UTF-16: they are moved above U+FFFF's neighbours. */
const MAY_DIFFER = /[\ud800-\uffff]/;

export function codePointOrder(text: string): string {
  return MAY_DIFFER.test(text) ? text.replaceAll(/[\ud800-\uffff]/g, moved) : text;
}

function moved(unit: string): string {
  const code = unit.charCodeAt(0);
  return String.fromCharCode(code >= 0xe000 ? code - 0x800 : code + 0x2000);
}

/** Numbers, strings, booleans, lists, maps, null: in this order. */
function rank(value: unknown): number {
  if (isNumber(value)) return 0;
  if (typeof value === 'string') return 1;
  if (typeof value === 'boolean') return 2;
  if (Array.isArray(value)) return 3;
  return value === null ? 5 : 4;
}

export function compareValues(left: unknown, right: unknown): number {
  const difference = rank(left) - rank(right);
  if (difference !== 0) return difference < 0 ? -1 : 1;
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right);
  if (typeof left === 'string' && typeof right === 'string') return compareBytes(left, right);
  if (typeof left === 'boolean') return Number(left) - Number(right);
  if (Array.isArray(left) && Array.isArray(right)) return compareLists(left, right);
  return isJsonObject(left) && isJsonObject(right) ? compareMaps(left, right) : 0;
}

function compareLists(left: unknown[], right: unknown[]): number {
  for (const [index, value] of left.entries()) {
    if (index >= right.length) return 1;
    const order = compareValues(value, right[index]);
    if (order !== 0) return order;
  }
  return left.length < right.length ? -1 : 0;
}

/** Entry by entry in the order of their keys; what ends first is less. */
function compareMaps(left: Record<string, unknown>, right: Record<string, unknown>): number {
  const [leftKeys, rightKeys] = [Object.keys(left), Object.keys(right)];
  const keys = [...new Set([...leftKeys, ...rightKeys])].sort(compareBytes);
  for (const [index, key] of keys.entries()) {
    if (index === leftKeys.length) return -1;
    if (index === rightKeys.length || !Object.hasOwn(left, key)) return 1;
    if (!Object.hasOwn(right, key)) return -1;
    const order = compareValues(left[key], right[key]);
    if (order !== 0) return order;
  }
  return 0;
}
