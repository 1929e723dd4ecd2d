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
  if (!text.includes('/-')) return text;
  return new Pointer(resolveNegative(tokens, target)).toString();
}

function resolveNegative(tokens: readonly string[], target: unknown): string[] {
  // The first token stands for the whole object.
  const resolved = [''];
  let at = target;
  for (const token of tokens.slice(1)) {
    const index = Array.isArray(at) && /^-[1-9]\d*$/.test(token) ? at.length + Number(token) : undefined;
    const name = index !== undefined && index >= 0 ? String(index) : token;
    resolved.push(name);
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined;
  }
  return resolved;
}

function sizeAt(target: object, pointer: string): number {
  const value = Pointer.fromJSON(pointer).get(target) as unknown;
  return value === undefined ? 0 : JSON.stringify(value).length;
}
