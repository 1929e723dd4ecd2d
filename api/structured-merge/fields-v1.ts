import { isJsonObject } from '#api/schema/structural-schema';
import type { JsonObject } from '#api/schema/structural-schema';
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

/** @throws Error for what is not fieldsV1 */
export function fieldSetOfV1(fieldsV1: unknown): FieldSet {
  return readNode(fieldsV1).below;
}

interface Node {
  member: boolean;
  below: FieldSet;
}

const LEAF: Node = { member: true, below: NO_FIELDS };

function readNode(value: unknown): Node {
  if (value === null) return LEAF;
  if (!isJsonObject(value)) throw new Error('a node of fieldsV1 is not an object');
  let self = false;
  const entries: FieldSetEntry[] = [];
  for (const key of Object.keys(value)) {
    if (key === SELF) {
      self = true;
      continue;
    }
    const element = parsePathElement(key);
    if (element === undefined) continue;
    const node = readNode(value[key]);
    entries.push({ element, member: node.member, below: node.below });
  }
  return entries.length === 0 ? LEAF : { member: self, below: inOrder(entries) };
}

/** They are in order already, unless somebody wrote them by hand. */
function inOrder(entries: FieldSetEntry[]): FieldSet {
  const ordered = entries.every((entry, index) => {
    const before = entries[index - 1];
    return before === undefined || comparePathElements(before.element, entry.element) < 0;
  });
  if (ordered) return entries;
  const sorted = entries.toSorted((left, right) => comparePathElements(left.element, right.element));
  return sorted.filter((entry, index) => {
    const next = sorted[index + 1];
    return next === undefined || comparePathElements(entry.element, next.element) !== 0;
  });
}
