import { badRequest } from '../../machinery/status-error.ts';
import type { Resource } from '../resource.ts';

/** Where the next page of a list begins: kube-apiserver's form (apiserver pkg/storage/continue.go), which clients may not rely on. */
export interface ContinueToken {
  /** Of the snapshot that the pages are of; -1: whatever is newest. */
  revision: number;
  /** The last key of the page before. */
  after: { namespace: string; name: string };
}

const VERSION = 'meta.k8s.io/v1';

/** `start` is the first key that can follow, so it ends in NUL. */
export function formatContinue({ revision, after }: ContinueToken): string {
  const key = after.namespace === '' ? after.name : `${after.namespace}/${after.name}`;
  return Buffer.from(JSON.stringify({ v: VERSION, rv: revision, start: `${key}\0` })).toString('base64url');
}

/** @throws StatusError BadRequest */
export function parseContinue(text: string, where: { resource: Resource; namespace: string }): ContinueToken {
  const { v, rv, start } = decoded(text);
  if (v !== VERSION)
    throw invalidToken(
      `continue key is not valid: server does not recognize this encoded version ${shown(v)}`,
    );
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0 || rv < -1) {
    throw invalidToken(
      `continue key is not valid: incorrect encoded start resourceVersion (version ${VERSION})`,
    );
  }
  if (typeof start !== 'string' || start === '') {
    throw invalidToken(`continue key is not valid: encoded start key empty (version ${VERSION})`);
  }
  return { revision: rv, after: parseStart(start, where) };
}

interface Decoded {
  v?: unknown;
  rv?: unknown;
  start?: unknown;
}

function decoded(text: string): Decoded {
  const wrong = text.search(/[^A-Za-z0-9_-]/);
  if (wrong >= 0) {
    throw invalidToken(`continue key is not valid: illegal base64 data at input byte ${wrong}`);
  }
  const bytes = Buffer.from(text, 'base64url');
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // The same answer as for JSON of another form.
  }
  const first = bytes.find((byte) => !JSON_BLANKS.has(byte));
  const why =
    first === undefined
      ? 'unexpected end of JSON input'
      : `invalid character '${quotedByte(first)}' looking for beginning of value`;
  throw invalidToken(`continue key is not valid: ${why}`);
}

const JSON_BLANKS = new Set(Buffer.from(' \t\r\n'));

/** A byte as Go's encoding/json quotes it. */
function quotedByte(byte: number): string {
  const hex = byte.toString(16).padStart(2, '0');
  if (byte < 0x20 || byte === 0x7f) return `\\x${hex}`;
  return byte > 0x7f && byte < 0xa1 ? `\\u00${hex}` : String.fromCharCode(byte);
}

/** A key outside of the collection would show what the request did not ask for. */
function parseStart(
  start: string,
  { resource, namespace }: { resource: Resource; namespace: string },
): ContinueToken['after'] {
  const parts = start.replace(/\0$/, '').replace(/^\//, '').split('/');
  const expected = resource.scope === 'Namespaced' ? 2 : 1;
  const name = parts.at(-1) ?? '';
  const inNamespace = expected === 2 ? (parts[0] ?? '') : '';
  const fits = parts.length === expected && (namespace === '' || inNamespace === namespace);
  if (!fits) throw invalidToken(`continue key is not valid: ${shown(start)}`);
  return { namespace: inNamespace, name };
}

function shown(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, 256);
}

const invalidToken = (why: string): Error => badRequest(`invalid continue token: ${why}`);
