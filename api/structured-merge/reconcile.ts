import { NO_FIELDS } from './field-set.ts';
import type { FieldSet, FieldSetEntry } from './field-set.ts';
import { fieldType, shapeOf } from './merge-type.ts';
import type { MergeType } from './merge-type.ts';
import { isFieldElement } from './path-element.ts';

/**
 * A set that was made when a list or map was granular, and is atomic now: its owner owns it as a whole then
 * (structured-merge-diff typed/reconcile_schema.go). The same set when there is no such list or map.
 */
export function reconcile(set: FieldSet, type: MergeType): FieldSet {
  let same = true;
  const result = set.map((entry) => {
    const child = entry.below.length === 0 ? undefined : typeBelow(entry, type);
    const reconciled = child === undefined ? entry : reconcileEntry(entry, child);
    same &&= reconciled === entry;
    return reconciled;
  });
  return same ? set : result;
}

function reconcileEntry(entry: FieldSetEntry, type: MergeType): FieldSetEntry {
  const { element } = entry;
  if (isAtomic(type)) return { element, member: true, below: NO_FIELDS };
  const below = reconcile(entry.below, type);
  return below === entry.below ? entry : { element, member: entry.member, below };
}

/** What may be anything is never taken for changed. */
function isAtomic(type: MergeType): boolean {
  const shape = shapeOf(type, null);
  if (shape === 'list') return type.list?.atomic === true;
  return shape === 'map' && type.map?.untyped === false && type.map.atomic;
}

function typeBelow({ element }: FieldSetEntry, type: MergeType): MergeType | undefined {
  const shape = shapeOf(type, null);
  if (shape === 'list') return type.list?.items;
  const { map } = type;
  if (shape === 'scalar' || map === undefined || map.untyped) return undefined;
  return isFieldElement(element) ? fieldType(map, element.name) : map.others;
}
