import { isJsonObject } from '../machinery/json/json.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import { NO_FIELDS, sortedFieldSet } from './field-set.ts';
import type { FieldSet, FieldSetEntry } from './field-set.ts';
import { itemElementIfAny } from './list-items.ts';
import { fieldType, listOf, mapOf, shapeOf } from './merge-type.ts';
import type { ListType, MapType, MergeType } from './merge-type.ts';
import { fieldElement } from './path-element.ts';
import type { PathElement } from './path-element.ts';

/** The leaves and items a value sets: what its applier owns (structured-merge-diff typed/tofieldset.go). */
export function fieldSetOf(type: MergeType, value: unknown): FieldSet {
  return setOf(type, value).below;
}

interface NodeSet {
  /** The value is a leaf. */
  member: boolean;
  below: FieldSet;
}

const LEAF: NodeSet = { member: true, below: NO_FIELDS };
const NOTHING: NodeSet = { member: false, below: NO_FIELDS };

function setOf(type: MergeType, value: unknown): NodeSet {
  const shape = shapeOf(type, value);
  if (shape === 'map' && type.map !== undefined) return mapSet(type.map, mapOf(value));
  if (shape === 'list' && type.list !== undefined) return listSet(type.list, listOf(value));
  return LEAF;
}

function mapSet(type: MapType, map: JsonObject | undefined): NodeSet {
  if (type.atomic) return LEAF;
  if (map === undefined) return NOTHING;
  const entries: FieldSetEntry[] = [];
  for (const [name, value] of Object.entries(map)) {
    const child = fieldType(type, name);
    if (child === undefined) continue;
    const { member, below } = setOf(child, value);
    const own = member || value === null || isEmptyMap(value) || !type.fields.has(name);
    if (own || below.length > 0) entries.push({ element: fieldElement(name), member: own, below });
  }
  return { member: false, below: sortedFieldSet(entries) };
}

function isEmptyMap(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function listSet(type: ListType, list: readonly unknown[] | undefined): NodeSet {
  if (type.atomic) return LEAF;
  if (list === undefined) return NOTHING;
  const items = new Map<string, { element: PathElement; item: unknown; several: boolean }>();
  for (const item of list) {
    const element = itemElementIfAny(type, item);
    items.set(element.text, { element, item, several: items.has(element.text) });
  }
  // Duplicates are owned together, as one leaf.
  const entries = [...items.values()].map(({ element, item, several }) => ({
    element,
    member: true,
    below: several ? NO_FIELDS : setOf(type.items, item).below,
  }));
  return { member: false, below: sortedFieldSet(entries) };
}
