import { applyPatch, Pointer } from 'rfc6902';
import { jsonText } from './json.ts';
import { badRequest, StatusError } from './status-error.ts';

/** As kube-apiserver (endpoints/handlers/patch.go): more operations are a mistake or an attack. */
const MAX_OPERATIONS = 10_000;
/** `copy` can double an object with each operation; all copies together may add this many characters. */
const MAX_COPIED = 3 * 1024 * 1024;
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

type Fields = Record<string, unknown>;

function fieldsOf(operation: unknown): Fields {
  if (typeof operation === 'object' && operation !== null) return operation as Fields;
  throw badRequest('a JSON patch operation must be an object');
}

/** kube-apiserver answers Invalid with empty details, and does not say which operation it was. */
function rejected(): StatusError {
  return new StatusError('Invalid', 'the server rejected our request due to an error in our request', {
    details: {},
  });
}

function applyOperation(run: Run, { op, path, from, value = null }: Fields): void {
  switch (op) {
    case 'add':
      return add(run, placeAt(run, path), value);
    case 'remove':
      return remove(run, placeAt(run, path));
    case 'replace':
      return replace(run, path, value);
    case 'test':
      return test(run, path, value);
    case 'move': {
      const place = placeAt(run, from);
      const moved = valueAt(place);
      remove(run, place);
      return add(run, placeAt(run, path), moved);
    }
    case 'copy':
      return copy(run, { path, from });
    default:
      throw rejected();
  }
}

/** A field or an item: of which map or list, and how a pointer gets there. */
interface Place {
  parent: Fields | unknown[];
  key: string;
  /** The pointer up to the key. */
  tokens: readonly string[];
}

/** @throws StatusError when the path does not lead into a map or list */
function placeAt({ document }: Run, path: unknown): Place {
  if (typeof path !== 'string') throw rejected();
  // What is before the first slash does not count.
  const [, ...names] = path.split('/').map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = names.pop();
  if (key === undefined || [...names, key].some((name) => UNSAFE.has(name))) throw rejected();
  // The first token stands for the whole object.
  const tokens = [''];
  let parent: unknown = document;
  for (const name of names) {
    const token = Array.isArray(parent) ? itemAt(parent, name) : name;
    parent = isOwn(parent, token) ? parent[token] : undefined;
    tokens.push(token);
  }
  if (typeof parent !== 'object' || parent === null) throw rejected();
  return { parent: parent as Fields | unknown[], key, tokens };
}

const isOwn = (value: unknown, name: string): value is Fields =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name);

/** Go's strconv.Atoi. */
const INDEX = /^[+-]?\d{1,10}$/;

/** The index of an item there is. @throws StatusError */
function itemAt(list: readonly unknown[], key: string): string {
  if (!INDEX.test(key)) throw rejected();
  const index = Number(key) < 0 ? list.length + Number(key) : Number(key);
  if (index < 0 || index >= list.length) throw rejected();
  return String(Math.abs(index));
}

/** Where a new item goes: `-` and `-1` are the end. @throws StatusError */
function newItemAt(list: readonly unknown[], key: string): string {
  if (key === '-') return key;
  if (!INDEX.test(key)) throw rejected();
  const index = Number(key) < 0 ? list.length + 1 + Number(key) : Number(key);
  if (index < 0 || index > list.length) throw rejected();
  return String(Math.abs(index));
}

/** Null for a field that is missing. @throws StatusError for an item that is */
function valueAt({ parent, key }: Place): unknown {
  if (Array.isArray(parent)) return parent[Number(itemAt(parent, key))];
  return Object.hasOwn(parent, key) ? parent[key] : null;
}

function add(run: Run, { parent, key, tokens }: Place, value: unknown): void {
  const last = Array.isArray(parent) ? newItemAt(parent, key) : key;
  apply(run, { op: 'add', path: new Pointer([...tokens, last]).toString(), value });
}

function remove(run: Run, { parent, key, tokens }: Place): void {
  const last = Array.isArray(parent) ? itemAt(parent, key) : key;
  apply(run, { op: 'remove', path: new Pointer([...tokens, last]).toString() });
}

function replace(run: Run, path: unknown, value: unknown): void {
  if (path === '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw rejected();
    run.document = structuredClone(value);
    return;
  }
  const { parent, key, tokens } = placeAt(run, path);
  const isItem = Array.isArray(parent);
  const pointer = new Pointer([...tokens, isItem ? itemAt(parent, key) : key]).toString();
  apply(run, { op: isItem ? 'replace' : 'add', path: pointer, value });
}

function test(run: Run, path: unknown, value: unknown): void {
  const found = path === '' ? run.document : valueAt(placeAt(run, path));
  // In a list of its own, so that one operation of the library compares any two values.
  apply({ document: [found], copied: 0 }, { op: 'test', path: '/0', value });
}

function copy(run: Run, { path, from }: Fields): void {
  const value = valueAt(placeAt(run, from));
  run.copied += jsonText(value).length;
  if (run.copied > MAX_COPIED) throw rejected();
  add(run, placeAt(run, path), structuredClone(value));
}

type Operation = Parameters<typeof applyPatch>[1][number];

function apply({ document }: Run, operation: Operation): void {
  const [error] = applyPatch(document, [operation]);
  if (error !== null && error !== undefined) throw rejected();
}
