import { isJsonObject } from '../machinery/json/json.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import { NO_FIELDS } from './field-set.ts';
import type { FieldSet, FieldSetEntry } from './field-set.ts';
import { comparePathElements, parsePathElement } from './path-element.ts';

/**
 * fieldsV1, the JSON form of a field set (structured-merge-diff fieldpath/serialize.go): a tree of path elements in
 * their order, in which `.` says that the node itself is a member too.
 */

const SELF = '.';

export function fieldsV1Of(set: FieldSet): JsonObject {
  return nodeOf(set, false);
}

function nodeOf(set: FieldSet, self: boolean): JsonObject {
  const node: JsonObject = {};
  if (self) node[SELF] = {};
  for (const { element, member, below } of set)
    node[element.text] = below.length === 0 ? {} : nodeOf(below, member);
  return node;
}

export interface ReadFields {
  set: FieldSet;
  /** It is what fieldsV1Of makes of the set: nobody wrote it by hand. */
  canonical: boolean;
}

/** Objects of a kind have the same few sets of fields: these are read once. Bounded in number and in length. */
const known = new Map<string, ReadFields>();
const MAX_KNOWN = 1000;
const MAX_KNOWN_LENGTH = 4096;

/** @throws Error for what is not fieldsV1 */
export function readFieldsV1(fieldsV1: unknown): ReadFields {
  const text = JSON.stringify(fieldsV1);
  const found = known.get(text);
  if (found !== undefined) return found;
  const fields = readFields(fieldsV1);
  if (text.length > MAX_KNOWN_LENGTH) return fields;
  const [oldest] = known.keys();
  if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
  known.set(text, fields);
  return fields;
}

function readFields(fieldsV1: unknown): ReadFields {
  const reader = new Reader();
  const { below } = reader.node(fieldsV1, true);
  return { set: below, canonical: reader.canonical };
}

interface Node {
  member: boolean;
  below: FieldSet;
}

const LEAF: Node = { member: true, below: NO_FIELDS };

/** Deeper than any object may be. */
const MAX_DEPTH = 1000;

class Reader {
  canonical = true;
  #depth = 0;

  node(value: unknown, root = false): Node {
    if (!isJsonObject(value)) {
      if (value !== null) throw new Error('a node of fieldsV1 is not an object');
      this.canonical = false;
      return LEAF;
    }
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new Error('fieldsV1 is nested too deep');
    const keys = Object.keys(value);
    const self = Object.hasOwn(value, SELF);
    const entries: FieldSetEntry[] = [];
    for (const key of keys) {
      const element = key === SELF ? undefined : parsePathElement(key);
      if (element === undefined) continue;
      const { member, below } = this.node(value[key]);
      if (element.text !== key) this.canonical = false;
      entries.push({ element, member, below });
    }
    this.#depth -= 1;
    const others = keys.length - entries.length;
    if (others > 1 || (others === 1 && (root || entries.length === 0 || keys[0] !== SELF)))
      this.canonical = false;
    return entries.length === 0 ? LEAF : { member: self, below: this.#inOrder(entries) };
  }

  #inOrder(entries: FieldSetEntry[]): FieldSet {
    const ordered = entries.every((entry, index) => {
      const before = entries[index - 1];
      return before === undefined || comparePathElements(before.element, entry.element) < 0;
    });
    if (ordered) return entries;
    this.canonical = false;
    const sorted = entries.toSorted((left, right) => comparePathElements(left.element, right.element));
    return sorted.filter((entry, index) => {
      const next = sorted[index + 1];
      return next === undefined || comparePathElements(entry.element, next.element) !== 0;
    });
  }
}
