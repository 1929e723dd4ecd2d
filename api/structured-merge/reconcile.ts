import { recursiveDifference, singlePath, union } from './field-set.ts';
import type { FieldSet, FieldSetEntry } from './field-set.ts';
import { fieldType, shapeOf } from './merge-type.ts';
import type { MergeType } from './merge-type.ts';
import { isFieldElement } from './path-element.ts';
import type { PathElement } from './path-element.ts';

/**
 * A set that was made when a list or map was granular, and is atomic now: its owner owns it as a whole then
 * (structured-merge-diff typed/reconcile_schema.go). The same set when there is no such list or map.
 */
export function reconcile(set: FieldSet, type: MergeType): FieldSet {
  let result = set;
  for (const path of atomicNow(type, { below: set, whole: false }, [])) {
    const atomic = singlePath(path);
    result = union(recursiveDifference(result, atomic), atomic);
  }
  return result;
}

interface Node {
  below: FieldSet;
  /** A member with nothing below it. */
  whole: boolean;
}

function atomicNow(type: MergeType, node: Node, path: PathElement[]): PathElement[][] {
  const shape = shapeOf(type, null);
  if (shape === 'list' && type.list !== undefined) {
    if (type.list.atomic) return node.whole ? [] : [path];
    const { items } = type.list;
    return node.below.flatMap((entry) => atomicNow(items, nodeOf(entry), [...path, entry.element]));
  }
  const { map } = type;
  if (shape === 'scalar' || map === undefined || map.untyped) return [];
  if (map.atomic) return node.whole || node.below.length === 0 ? [] : [path];
  return node.below.flatMap((entry) => {
    const child = isFieldElement(entry.element) ? fieldType(map, entry.element.name) : map.others;
    return child === undefined ? [] : atomicNow(child, nodeOf(entry), [...path, entry.element]);
  });
}

function nodeOf({ member, below }: FieldSetEntry): Node {
  return { below, whole: member && below.length === 0 };
}
