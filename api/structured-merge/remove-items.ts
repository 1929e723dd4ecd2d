import type { JsonObject } from '../machinery/json/json.ts';
import { entryOf } from './field-set.ts';
import type { FieldSet, FieldSetEntry } from './field-set.ts';
import { itemElementIfAny } from './list-items.ts';
import { fieldType, listOf, mapOf, shapeOf } from './merge-type.ts';
import type { ListType, MapType, MergeType } from './merge-type.ts';
import { fieldElement, isFieldElement, isKeyElement } from './path-element.ts';
import { setField } from './set-field.ts';

/** A value without the fields and items of a set; null when nothing is left (structured-merge-diff typed/remove.go). */
export function removeItems(type: MergeType, value: unknown, set: FieldSet): unknown {
  const shape = shapeOf(type, value);
  if (shape === 'map' && type.map !== undefined) return removeFields(type.map, mapOf(value), set);
  if (shape === 'list' && type.list !== undefined) return removeFromList(type.list, listOf(value), set);
  return value;
}

function removeFields(type: MapType, map: JsonObject | undefined, set: FieldSet): unknown {
  if (map === undefined || type.atomic) return null;
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(map)) {
    const entry = entryOf(set, fieldElement(name));
    if (entry?.member !== true) setField(result, name, remaining(fieldType(type, name), value, entry));
  }
  return Object.keys(result).length === 0 ? null : result;
}

function removeFromList(type: ListType, list: readonly unknown[] | undefined, set: FieldSet): unknown {
  if (list === undefined || type.atomic) return null;
  const result: unknown[] = [];
  for (const item of list) {
    const entry = entryOf(set, itemElementIfAny(type, item));
    if (entry?.member !== true) result.push(remaining(type.items, item, entry));
  }
  return result.length === 0 ? null : result;
}

function remaining(type: MergeType | undefined, value: unknown, entry: FieldSetEntry | undefined): unknown {
  if (entry === undefined || type === undefined || entry.below.length === 0) return value;
  return removeItems(type, value, entry.below);
}

/**
 * The set with the declared fields that have members below them: to remove or keep a member is to remove or keep
 * the struct it is in, but not a map, whose keys clients choose.
 */
export function withNamedFields(set: FieldSet, type: MergeType | undefined): FieldSet {
  return set.map((entry) => {
    const { element, below } = entry;
    if (below.length === 0) return entry;
    const named = isFieldElement(element) && type?.map?.fields.has(element.name) === true;
    return { element, member: entry.member || named, below: withNamedFields(below, typeBelow(entry, type)) };
  });
}

function typeBelow({ element }: FieldSetEntry, type: MergeType | undefined): MergeType | undefined {
  if (isFieldElement(element)) return type?.map === undefined ? undefined : fieldType(type.map, element.name);
  return isKeyElement(element) ? type?.list?.items : undefined;
}
