import { isJsonObject } from './json.ts';

/** Equality of JSON values; the order of the keys of an object does not matter, nor how a number is held. */
export function deepEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left === 'bigint' || typeof right === 'bigint') return equalNumbers(left, right);
  if (Array.isArray(left))
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((value, index) => deepEqual(value, right[index]))
    );
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && deepEqual(left[key], right[key]))
  );
}

/** 5n is 5, and of two numbers of which one is a bigint no digit is lost. */
function equalNumbers(left: unknown, right: unknown): boolean {
  const both = [left, right].every((one) => typeof one === 'bigint' || Number.isInteger(one));
  return both && BigInt(left as bigint | number) === BigInt(right as bigint | number);
}
