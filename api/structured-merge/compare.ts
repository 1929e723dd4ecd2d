import type { JsonObject } from '../machinery/json/json.ts';
import { NO_FIELDS, sortedFieldSet, union } from './field-set.ts';
import type { FieldSet, FieldSetEntry } from './field-set.ts';
import { itemElement } from './list-items.ts';
import { fieldType, listOf, mapOf, sameShape, shapeOf } from './merge-type.ts';
import type { ListType, MapType, MergeType, Shape } from './merge-type.ts';
import { fieldElement } from './path-element.ts';
import type { PathElement } from './path-element.ts';
import { equalValues } from './value-order.ts';

/**
 * What lies between two values of one type that fit it (structured-merge-diff typed/compare.go). Absent values are
 * undefined; null is a value.
 */
export interface Comparison {
  removed: FieldSet;
  modified: FieldSet;
  added: FieldSet;
}

const SAME: Comparison = { removed: NO_FIELDS, modified: NO_FIELDS, added: NO_FIELDS };

export function compare(type: MergeType, left: unknown, right: unknown): Comparison {
  return compareNode(type, left, right)?.below ?? SAME;
}

/** What is to be said of a node itself and of what is below it; undefined: nothing. */
interface NodeDifference {
  removed: boolean;
  modified: boolean;
  added: boolean;
  below: Comparison;
}

function compareNode(type: MergeType, left: unknown, right: unknown): NodeDifference | undefined {
  // What both have in common is often the very same value.
  if (left === right) return undefined;
  if (left === undefined || right === undefined || sameShape(type, left, right))
    return settled(type, [left, right], shapeOf(type, right === undefined ? left : right));
  const asLeft = settled(type, [left, right], shapeOf(type, left));
  const asRight = settled(type, [left, right], shapeOf(type, right));
  return asLeft === undefined || asRight === undefined ? (asLeft ?? asRight) : joined(asLeft, asRight);
}

function joined(a: NodeDifference, b: NodeDifference): NodeDifference {
  return {
    removed: a.removed || b.removed,
    modified: a.modified || b.modified,
    added: a.added || b.added,
    below: {
      removed: union(a.below.removed, b.below.removed),
      modified: union(a.below.modified, b.below.modified),
      added: union(a.below.added, b.below.added),
    },
  };
}

function settled(type: MergeType, sides: [unknown, unknown], shape: Shape): NodeDifference | undefined {
  const [left, right] = sides;
  const below = belowOf(type, sides, shape);
  const [removed, added] = [right === undefined, left === undefined];
  const modified = below === 'leaf' && !removed && !added && !equalValues(left, right);
  const rest = below === 'leaf' || below === undefined ? SAME : below;
  return removed || added || modified || rest !== SAME
    ? { removed, modified, added, below: rest }
    : undefined;
}

/** `leaf`: compared as a whole. */
function belowOf(
  type: MergeType,
  [left, right]: [unknown, unknown],
  shape: Shape,
): Comparison | 'leaf' | undefined {
  if (shape === 'map' && type.map !== undefined) return compareMaps(type.map, mapOf(left), mapOf(right));
  if (shape === 'list' && type.list !== undefined)
    return compareLists(type.list, listOf(left), listOf(right));
  return 'leaf';
}

type Compared<T> = T | undefined;

function compareMaps(
  type: MapType,
  left: Compared<JsonObject>,
  right: Compared<JsonObject>,
): Comparison | 'leaf' | undefined {
  if (type.atomic) return 'leaf';
  const [leftNames, rightNames] = [Object.keys(left ?? {}), Object.keys(right ?? {})];
  if (leftNames.length === 0 && rightNames.length === 0) return 'leaf';
  const found = new Collector();
  for (const name of leftNames) {
    const other = right !== undefined && Object.hasOwn(right, name) ? right[name] : undefined;
    const child = fieldType(type, name);
    if (child !== undefined) found.add(fieldElement(name), compareNode(child, left?.[name], other));
  }
  for (const name of rightNames) {
    if (left !== undefined && Object.hasOwn(left, name)) continue;
    const child = fieldType(type, name);
    if (child !== undefined) found.add(fieldElement(name), compareNode(child, undefined, right?.[name]));
  }
  return found.comparison();
}

/** Items with the same element, and that element. */
interface Items {
  element: PathElement;
  left: unknown[];
  right: unknown[];
}

function compareLists(
  type: ListType,
  left: Compared<readonly unknown[]>,
  right: Compared<readonly unknown[]>,
): Comparison | 'leaf' | undefined {
  if (type.atomic || ((left ?? []).length === 0 && (right ?? []).length === 0)) return 'leaf';
  const byElement = new Map<string, Items>();
  for (const item of left ?? []) itemsOf(byElement, itemElement(type, item)).left.push(item);
  for (const item of right ?? []) itemsOf(byElement, itemElement(type, item)).right.push(item);
  const found = new Collector();
  for (const items of byElement.values()) found.add(items.element, compareItems(type, items));
  return found.comparison();
}

function itemsOf(byElement: Map<string, Items>, element: PathElement): Items {
  const known = byElement.get(element.text);
  if (known !== undefined) return known;
  const items: Items = { element, left: [], right: [] };
  byElement.set(element.text, items);
  return items;
}

/** Duplicates are one value together. */
function compareItems(type: ListType, { left, right }: Items): NodeDifference | undefined {
  if (left.length < 2 && right.length < 2) return compareNode(type.items, left[0], right[0]);
  if (left.length > 1 && right.length > 1) {
    return equalValues(left, right) ? undefined : { ...NO_DIFFERENCE, modified: true };
  }
  const single =
    left.length > 1
      ? compareNode(type.items, undefined, right[0])
      : compareNode(type.items, left[0], undefined);
  const [removed, added] = [left.length > 1, right.length > 1];
  return joined(single ?? NO_DIFFERENCE, { ...NO_DIFFERENCE, removed, added });
}

const NO_DIFFERENCE: NodeDifference = { removed: false, modified: false, added: false, below: SAME };

class Collector {
  readonly #removed: FieldSetEntry[] = [];
  readonly #modified: FieldSetEntry[] = [];
  readonly #added: FieldSetEntry[] = [];

  add(element: PathElement, difference: NodeDifference | undefined): void {
    if (difference === undefined) return;
    const { removed, modified, added, below } = difference;
    if (removed || below.removed.length > 0)
      this.#removed.push({ element, member: removed, below: below.removed });
    if (modified || below.modified.length > 0)
      this.#modified.push({ element, member: modified, below: below.modified });
    if (added || below.added.length > 0) this.#added.push({ element, member: added, below: below.added });
  }

  comparison(): Comparison | undefined {
    if (this.#removed.length === 0 && this.#modified.length === 0 && this.#added.length === 0)
      return undefined;
    return {
      removed: sortedFieldSet(this.#removed),
      modified: sortedFieldSet(this.#modified),
      added: sortedFieldSet(this.#added),
    };
  }
}
