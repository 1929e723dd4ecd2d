import { applyPatch, Pointer, type Operation } from 'rfc6902';
import { badRequest, StatusError } from './status-error.ts';

/** As kube-apiserver (endpoints/handlers/patch.go): more operations are a mistake or an attack. */
const MAX_OPERATIONS = 10_000;
/** `copy` can double an object with each operation; all copies together may add this many bytes. */
const MAX_COPIED = 3 * 1024 * 1024;
/** Names that lead to a prototype instead of a field. */
const UNSAFE = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * RFC 6902. Returns a new object and leaves `target` as it was. Indices may be negative, counting from the end,
 * as in kube-apiserver.
 * @throws StatusError BadRequest for what is no list of operations, Invalid for an operation that does not
 * apply, RequestEntityTooLarge for too many operations or too much copying
 */
export function applyJsonPatch<T extends object>(target: T, patch: unknown): T {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be an array of operations');
  if (patch.length > MAX_OPERATIONS) {
    throw new StatusError(
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    );
  }
  const result = structuredClone(target);
  let copied = 0;
  for (const operation of patch) {
    const checked = checkOperation(operation, result);
    if (checked.op === 'copy') copied += sizeAt(result, checked.from);
    if (copied > MAX_COPIED) {
      throw new StatusError('RequestEntityTooLarge', `the patch copies more than ${MAX_COPIED} bytes`);
    }
    const [error] = applyPatch(result, [checked]);
    if (error !== null && error !== undefined) throw rejected(describe(checked, error.name));
  }
  return result;
}

/** kube-apiserver answers Invalid with empty details; the reason after the colon is ours. */
function rejected(why: string): StatusError {
  return new StatusError(
    'Invalid',
    `the server rejected our request due to an error in our request: ${why}`,
    {
      details: {},
    },
  );
}

function describe(operation: Operation, errorName: string): string {
  const where = `${operation.op} operation on ${JSON.stringify(operation.path)}`;
  if (errorName === 'TestError') return `testing value failed: ${where}`;
  return errorName === 'MissingError' ? `${where} does not apply: missing path` : `${where} does not apply`;
}

const OPERATIONS = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

function checkOperation(operation: unknown, target: object): Operation {
  if (typeof operation !== 'object' || operation === null)
    throw badRequest('a JSON patch operation must be an object');
  const { op, path, from } = operation as { op?: unknown; path?: unknown; from?: unknown };
  if (typeof op !== 'string' || !OPERATIONS.has(op)) throw rejected(`unexpected kind: ${JSON.stringify(op)}`);
  const needsValue = op === 'add' || op === 'replace' || op === 'test';
  if (needsValue && !Object.hasOwn(operation, 'value')) throw rejected(`${op} operation has no value`);
  const checked = { ...operation, op, path: checkPointer(path, target) };
  if (path === '' && op !== 'test') throw rejected('the whole object cannot be replaced by a patch');
  return (
    op === 'move' || op === 'copy' ? { ...checked, from: checkPointer(from, target) } : checked
  ) as Operation;
}

/** The pointer with negative indices resolved. */
function checkPointer(text: unknown, target: object): string {
  if (typeof text !== 'string' || (text !== '' && !text.startsWith('/'))) {
    throw rejected(`invalid path ${JSON.stringify(text)}`);
  }
  const tokens = Pointer.fromJSON(text).tokens;
  if (tokens.some((token) => UNSAFE.has(token))) throw rejected(`invalid path ${JSON.stringify(text)}`);
  return new Pointer(resolveTokens(tokens, target)).toString();
}

/**
 * The tokens with negative indices resolved. What does not name a field or an item is refused here: the library
 * would set the `length` of a list, leave holes in it, or write into a text.
 */
function resolveTokens(tokens: readonly string[], target: unknown): string[] {
  // The first token stands for the whole object.
  const resolved = [''];
  let at = target;
  for (const token of tokens.slice(1)) {
    const name = Array.isArray(at) ? itemIndex(token, at.length) : token;
    const isScalar = at !== undefined && (typeof at !== 'object' || at === null);
    if (isScalar || name === undefined) {
      throw rejected(
        `path ${JSON.stringify(new Pointer([...tokens]).toString())} does not apply: missing path`,
      );
    }
    resolved.push(name);
    at = isOwn(at, name) ? at[name] : undefined;
  }
  return resolved;
}

const isOwn = (value: unknown, name: string): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name);

/** `-` and the length are the place behind the last item; undefined for what is no index of the list. */
function itemIndex(token: string, length: number): string | undefined {
  if (token === '-') return token;
  if (!/^(?:0|-?[1-9]\d{0,9})$/.test(token)) return undefined;
  const index = Number(token) < 0 ? length + Number(token) : Number(token);
  return index >= 0 && index <= length ? String(index) : undefined;
}

function sizeAt(target: object, pointer: string): number {
  const value = Pointer.fromJSON(pointer).get(target) as unknown;
  return value === undefined ? 0 : JSON.stringify(value).length;
}
