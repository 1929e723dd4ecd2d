import { comparePathElements } from './path-element.ts';
import type { PathElement } from './path-element.ts';

/**
 * A set of paths as a tree (structured-merge-diff fieldpath/set.go), never changed once it is made: the elements in
 * their order, each a member by itself, or with members below it, or both.
 */
export type FieldSet = readonly FieldSetEntry[];

export interface FieldSetEntry {
  readonly element: PathElement;
  readonly member: boolean;
  /** Empty or with members; never with entries that have none. */
  readonly below: FieldSet;
}

export const NO_FIELDS: FieldSet = [];

/** A set of entries in any order, each element once. */
export function sortedFieldSet(entries: FieldSetEntry[]): FieldSet {
  if (entries.length === 0) return NO_FIELDS;
  return entries.length === 1
    ? entries
    : entries.sort((left, right) => comparePathElements(left.element, right.element));
}

export function pathSet(...paths: PathElement[][]): FieldSet {
  return paths.map((path) => singlePath(path)).reduce((all, next) => union(all, next), NO_FIELDS);
}

/** The set of this one path; none for the path of the whole object, which nobody owns. */
export function singlePath(path: readonly PathElement[]): FieldSet {
  const [element, ...rest] = path;
  return element === undefined
    ? NO_FIELDS
    : [{ element, member: rest.length === 0, below: singlePath(rest) }];
}

export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || right.length === 0) return left;
  if (left.length === 0) return right;
  const result: FieldSetEntry[] = [];
  let same = true;
  walkPairs(left, right, (a, b) => {
    const entry = a === undefined ? b : b === undefined ? a : merged(a, b);
    if (entry === undefined) return;
    if (entry !== a) same = false;
    result.push(entry);
  });
  return same ? left : result;
}

function merged(a: FieldSetEntry, b: FieldSetEntry): FieldSetEntry {
  const below = union(a.below, b.below);
  const member = a.member || b.member;
  return below === a.below && member === a.member ? a : { element: a.element, member, below };
}

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || left.length === 0) return left;
  if (right.length === 0) return right;
  const result: FieldSetEntry[] = [];
  walkPairs(left, right, (a, b) => {
    if (a === undefined || b === undefined) return;
    const below = intersection(a.below, b.below);
    const member = a.member && b.member;
    if (member || below.length > 0) result.push({ element: a.element, member, below });
  });
  return result;
}

/** The paths of `left` that are not in `right`; a path stays when only one above it is in `right`. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  return subtract(left, right, false);
}

/** The paths of `left` that are neither in `right` themselves nor below one that is. */
export function recursiveDifference(left: FieldSet, right: FieldSet): FieldSet {
  return subtract(left, right, true);
}

function subtract(left: FieldSet, right: FieldSet, recursive: boolean): FieldSet {
  if (left.length === 0 || right.length === 0) return left;
  const result: FieldSetEntry[] = [];
  let same = true;
  walkPairs(left, right, (a, b) => {
    if (a === undefined) return;
    if (b === undefined) {
      result.push(a);
      return;
    }
    const below = recursive && b.member ? NO_FIELDS : subtract(a.below, b.below, recursive);
    const member = a.member && !b.member;
    if (member === a.member && below === a.below) {
      result.push(a);
      return;
    }
    same = false;
    if (member || below.length > 0) result.push({ element: a.element, member, below });
  });
  return same ? left : result;
}

type Pair = (a: FieldSetEntry | undefined, b: FieldSetEntry | undefined) => void;

function walkPairs(left: FieldSet, right: FieldSet, visit: Pair): void {
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const [a, b] = [left[i], right[j]];
    const order = a === undefined ? 1 : b === undefined ? -1 : comparePathElements(a.element, b.element);
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
    visit(order <= 0 ? a : undefined, order >= 0 ? b : undefined);
  }
}

/** The entry of an element: found by halves, since lists of clients may be long. */
export function entryOf(set: FieldSet, element: PathElement): FieldSetEntry | undefined {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = set[middle];
    if (entry === undefined) return undefined;
    const order = comparePathElements(entry.element, element);
    if (order === 0) return entry;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

export function equalFieldSets(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true;
  return (
    left.length === right.length &&
    left.every((entry, index) => {
      const other = right[index];
      return (
        other !== undefined &&
        entry.member === other.member &&
        entry.element.text === other.element.text &&
        equalFieldSets(entry.below, other.below)
      );
    })
  );
}

export function hasPath(set: FieldSet, path: readonly PathElement[]): boolean {
  let [at, entry]: [FieldSet, FieldSetEntry | undefined] = [set, undefined];
  for (const element of path) {
    entry = entryOf(at, element);
    if (entry === undefined) return false;
    at = entry.below;
  }
  return entry?.member === true;
}

/** All paths; at each level the members first, then what is below them (the order in which conflicts are named). */
export function pathsOf(set: FieldSet): PathElement[][] {
  const paths: PathElement[][] = [];
  collectPaths(set, [], paths);
  return paths;
}

function collectPaths(set: FieldSet, prefix: readonly PathElement[], paths: PathElement[][]): void {
  for (const { element, member } of set) if (member) paths.push([...prefix, element]);
  for (const { element, below } of set)
    if (below.length > 0) collectPaths(below, [...prefix, element], paths);
}
