import type { JsonObject } from '../machinery/json/json.ts';
import { itemElement } from './list-items.ts';
import { fieldType, listOf, mapOf, shapeOf } from './merge-type.ts';
import type { ListType, MapType, MergeType } from './merge-type.ts';
import { setField } from './set-field.ts';

/**
 * Two values of a type as one: what `right` says counts, what it does not mention stays (structured-merge-diff
 * typed/merge.go). Undefined stands for what is absent; the result may be absent too.
 */
export function merge(type: MergeType, left: unknown, right: unknown): unknown {
  if (right === undefined) return left;
  if (left === undefined) return right;
  const shape = shapeOf(type, right);
  if (shape === 'map' && type.map !== undefined) return mergeMaps(type.map, left, right);
  if (shape === 'list' && type.list !== undefined) return mergeLists(type.list, left, right);
  return right;
}

function mergeMaps(type: MapType, left: unknown, right: unknown): unknown {
  const [a, b] = [mapOf(left) ?? {}, mapOf(right) ?? {}];
  const [names, otherNames] = [Object.keys(a), Object.keys(b)];
  if (type.atomic || (names.length === 0 && otherNames.length === 0)) return right;
  const result: JsonObject = {};
  const mergeField = (name: string, left: unknown, right: unknown): void => {
    const child = fieldType(type, name);
    const value = child === undefined ? right : merge(child, left, right);
    if (value !== undefined) setField(result, name, value);
  };
  for (const name of names) mergeField(name, a[name], Object.hasOwn(b, name) ? b[name] : undefined);
  for (const name of otherNames) if (!Object.hasOwn(a, name)) mergeField(name, undefined, b[name]);
  return Object.keys(result).length === 0 ? undefined : result;
}

/** The items of a list with the texts of their elements. */
interface Indexed {
  texts: string[];
  items: Map<string, unknown>;
}

function mergeLists(type: ListType, left: unknown, right: unknown): unknown {
  const [a, b] = [listOf(left) ?? [], listOf(right) ?? []];
  if (type.atomic || (a.length === 0 && b.length === 0)) return right;
  const result = new ListMerge(type, a, b).run();
  return result.length === 0 ? undefined : result;
}

/** Duplicates are not merged with the new value: it replaces them all. */
function indexed(type: ListType, list: readonly unknown[]): Indexed {
  const items = new Map<string, unknown>();
  const texts = list.map((item) => itemElement(type, item).text);
  for (const [index, text] of texts.entries()) items.set(text, items.has(text) ? null : list[index]);
  return { texts, items };
}

/**
 * The order of the result: items of both lists stand as the right one has them, the others of the left list keep
 * their place between those.
 */
class ListMerge {
  readonly #type: ListType;
  readonly #list: readonly unknown[];
  readonly #left: Indexed;
  readonly #right: Indexed;
  readonly #merged = new Set<string>();
  readonly #shared: string[];
  readonly #result: unknown[] = [];
  #nextShared = 0;

  constructor(type: ListType, left: readonly unknown[], right: readonly unknown[]) {
    this.#type = type;
    this.#list = left;
    this.#left = indexed(type, left);
    this.#right = indexed(type, right);
    this.#shared = this.#right.texts.filter((text) => this.#left.items.has(text));
  }

  run(): unknown[] {
    const [left, right] = [this.#left.texts, this.#right.texts];
    let [l, r] = [0, 0];
    while (l < left.length || r < right.length) {
      const [ours, theirs] = [left[l], right[r]];
      if (ours !== undefined && theirs !== undefined) {
        if (ours === theirs) {
          this.#take(ours);
          this.#nextShared += 1;
          [l, r] = [l + 1, r + 1];
          continue;
        }
        if (this.#waits(ours)) {
          l += 1;
          continue;
        }
      }
      if (ours !== undefined) {
        if (!this.#right.items.has(ours)) {
          this.#push(merge(this.#type.items, this.#list[l], undefined));
          l += 1;
          continue;
        }
        if (this.#merged.has(ours)) l += 1;
      }
      if (theirs !== undefined) {
        this.#take(theirs);
        r += 1;
        if (this.#shared[this.#nextShared] === theirs) this.#nextShared += 1;
      }
    }
    return this.#result;
  }

  /** An item of both lists that another one has to come before. */
  #waits(text: string): boolean {
    const next = this.#shared[this.#nextShared];
    return next !== undefined && next !== text && this.#right.items.has(text);
  }

  #take(text: string): void {
    this.#merged.add(text);
    this.#push(merge(this.#type.items, this.#left.items.get(text), this.#right.items.get(text)));
  }

  #push(item: unknown): void {
    if (item !== undefined) this.#result.push(item);
  }
}
