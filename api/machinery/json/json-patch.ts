import { deepEqual } from './deep-equal.ts';
import { jsonText } from './json.ts';
import type { JsonObject } from './json.ts';
import { MAX_REQUEST_BYTES } from '../max-request-bytes.ts';
import { badRequest, StatusError } from '../status-error.ts';

/** As kube-apiserver (endpoints/handlers/patch.go): more operations are a mistake or an attack. */
const MAX_OPERATIONS = 10_000;
/** `copy` can double an object with each operation; all copies together may add this many characters. */
const MAX_COPIED = MAX_REQUEST_BYTES;
/** Names that lead to a prototype instead of a field. */
const UNSAFE = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * RFC 6902. Returns a new object and leaves `target` as it was. Where kube-apiserver's library (evanphx/json-patch v4)
 * goes beyond the RFC, so does this: indices may be negative, counting from the end, `replace` makes a field that is
 * missing, a missing `value` is null, and so is a missing field to `test` and `copy`.
 * @throws StatusError BadRequest for what is no list of operations, RequestEntityTooLarge for too many of them, Invalid
 * for an operation that does not apply or copies too much
 */
export function applyJsonPatch<T extends object>(target: T, patch: unknown): T {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be an array of operations');
  if (patch.length > MAX_OPERATIONS) {
    throw new StatusError(
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    );
  }
  const run: Run = { document: structuredClone(target), copied: 0 };
  for (const operation of patch) applyOperation(run, fieldsOf(operation));
  return run.document as T;
}

interface Run {
  document: unknown;
  copied: number;
}

function fieldsOf(operation: unknown): JsonObject {
  if (typeof operation === 'object' && operation !== null) return operation as JsonObject;
  throw badRequest('a JSON patch operation must be an object');
}

/** kube-apiserver answers Invalid with empty details, and does not say which operation it was. */
function rejected(): StatusError {
  return new StatusError('Invalid', 'the server rejected our request due to an error in our request', {
    details: {},
  });
}

function applyOperation(run: Run, { op, path, from, value = null }: JsonObject): void {
  switch (op) {
    case 'add':
      return add(placeAt(run, path), structuredClone(value));
    case 'remove':
      return remove(placeAt(run, path));
    case 'replace':
      return replace(run, path, value);
    case 'test':
      return test(run, path, value);
    case 'move': {
      const place = placeAt(run, from);
      const moved = valueAt(place);
      remove(place);
      return add(placeAt(run, path), moved);
    }
    case 'copy':
      return copy(run, { path, from });
    default:
      throw rejected();
  }
}

/** A field or an item: of which map or list, and its last name in the pointer. */
interface Place {
  parent: JsonObject | unknown[];
  key: string;
}

/** @throws StatusError when the path does not lead into a map or list */
function placeAt({ document }: Run, path: unknown): Place {
  if (typeof path !== 'string') throw rejected();
  // What is before the first slash does not count.
  const [, ...names] = path.split('/').map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = names.pop();
  if (key === undefined || [...names, key].some((name) => UNSAFE.has(name))) throw rejected();
  let parent: unknown = document;
  for (const name of names) {
    if (Array.isArray(parent)) parent = parent[itemAt(parent, name)];
    else parent = isOwn(parent, name) ? parent[name] : undefined;
  }
  if (typeof parent !== 'object' || parent === null) throw rejected();
  return { parent: parent as JsonObject | unknown[], key };
}

const isOwn = (value: unknown, name: string): value is JsonObject =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name);

/** Go's strconv.Atoi. */
const INDEX = /^[+-]?\d{1,10}$/;

/** The index of an item there is. @throws StatusError */
function itemAt(list: readonly unknown[], key: string): number {
  if (!INDEX.test(key)) throw rejected();
  const index = Number(key) < 0 ? list.length + Number(key) : Number(key);
  if (index < 0 || index >= list.length) throw rejected();
  return index;
}

/** Where a new item goes: `-` and `-1` are the end. @throws StatusError */
function newItemAt(list: readonly unknown[], key: string): number {
  if (key === '-') return list.length;
  if (!INDEX.test(key)) throw rejected();
  const index = Number(key) < 0 ? list.length + 1 + Number(key) : Number(key);
  if (index < 0 || index > list.length) throw rejected();
  return index;
}

/** Null for a field that is missing. @throws StatusError for an item that is */
function valueAt({ parent, key }: Place): unknown {
  if (Array.isArray(parent)) return parent[itemAt(parent, key)];
  return Object.hasOwn(parent, key) ? parent[key] : null;
}

function add({ parent, key }: Place, value: unknown): void {
  if (Array.isArray(parent)) parent.splice(newItemAt(parent, key), 0, value);
  else parent[key] = value;
}

function remove({ parent, key }: Place): void {
  if (Array.isArray(parent)) {
    parent.splice(itemAt(parent, key), 1);
    return;
  }
  if (!Object.hasOwn(parent, key)) throw rejected();
  delete parent[key];
}

function replace(run: Run, path: unknown, value: unknown): void {
  const copied = structuredClone(value);
  if (path === '') {
    if (typeof copied !== 'object' || copied === null || Array.isArray(copied)) throw rejected();
    run.document = copied;
    return;
  }
  const { parent, key } = placeAt(run, path);
  if (Array.isArray(parent)) parent[itemAt(parent, key)] = copied;
  else parent[key] = copied;
}

function test(run: Run, path: unknown, value: unknown): void {
  const found = path === '' ? run.document : valueAt(placeAt(run, path));
  if (!deepEqual(found, value)) throw rejected();
}

function copy(run: Run, { path, from }: JsonObject): void {
  const value = valueAt(placeAt(run, from));
  run.copied += jsonText(value).length;
  if (run.copied > MAX_COPIED) throw rejected();
  add(placeAt(run, path), structuredClone(value));
}
