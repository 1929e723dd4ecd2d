import { jsonText, parseJsonText } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { StorageKey, StoredObject } from '../contract/objects.ts';

const METADATA = '"metadata":{';

/**
 * The text that the database keeps: apiVersion, kind and metadata first, no resourceVersion, because the
 * revision is not known before the commit. `restore` puts it in, so an object is serialised once per write.
 */
export function encodeBody(object: Unstructured): string {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { resourceVersion: _, ...meta } = metadata;
  const head = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},"metadata":${jsonText(meta)}`;
  const tail = jsonText(rest);
  return tail === '{}' ? `${head}}` : `${head},${tail.slice(1)}`;
}

/** The stored object of a body at a revision. */
export function restore(key: StorageKey, revision: number, body: string): StoredObject {
  return new Restored({ key, revision }, textAt(revision, body));
}

/** The same where the object that the body was made of is at hand: it need not be parsed when it is written again. */
export function keep(
  key: StorageKey,
  revision: number,
  written: { body: string; object: Unstructured },
): StoredObject {
  const { apiVersion, kind, metadata, ...rest } = written.object;
  const { resourceVersion: _, ...meta } = metadata;
  const object = { apiVersion, kind, metadata: { resourceVersion: String(revision), ...meta }, ...rest };
  return new Restored({ key, revision }, textAt(revision, written.body), frozenCopy(object) as Unstructured);
}

function textAt(revision: number, body: string): string {
  // apiVersion and kind come first and quotes inside strings are escaped, so the first match is metadata itself.
  const at = body.indexOf(METADATA) + METADATA.length;
  const separator = body.charAt(at) === '}' ? '' : ',';
  return `${body.slice(0, at)}"resourceVersion":"${revision}"${separator}${body.slice(at)}`;
}

/** The same state at a later revision: what a DELETED event carries. */
export function atRevision(stored: StoredObject, revision: number): StoredObject {
  const text = stored
    .json()
    .replace(`"resourceVersion":"${stored.revision}"`, `"resourceVersion":"${revision}"`);
  return new Restored({ key: stored.key, revision }, text);
}

/** Parses on first use: most objects are only ever sent on as text. */
class Restored implements StoredObject {
  readonly key: StorageKey;
  readonly revision: number;
  readonly #text: string;
  #object: Unstructured | undefined;

  constructor(
    { key, revision }: Pick<StoredObject, 'key' | 'revision'>,
    text: string,
    object?: Unstructured,
  ) {
    this.key = key;
    this.revision = revision;
    this.#text = text;
    this.#object = object;
    Object.freeze(this);
  }

  get object(): Unstructured {
    this.#object ??= deepFreeze(parseJsonText(this.#text) as Unstructured);
    return this.#object;
  }

  json(): string {
    return this.#text;
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member);
  }
  return Object.freeze(value);
}

/** What parsing the text of a value would give. Frozen parts are of a stored object already, and stay what they are. */
function frozenCopy(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null;
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map((item) => frozenCopy(item) ?? null));
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    // The one name that an assignment would take for something else.
    if (name === '__proto__')
      Object.defineProperty(copy, name, { value: frozenCopy(member), enumerable: true });
    else copy[name] = frozenCopy(member);
  }
  return Object.freeze(copy);
}
