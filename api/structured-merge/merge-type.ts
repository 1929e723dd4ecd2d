import { isJsonObject } from '../machinery/json/json.ts';
import type { JsonObject } from '../machinery/json/json.ts';

/**
 * What a value may be and how it merges (structured-merge-diff schema/elements.go). Fields without a type in the schema
 * may be a scalar, a list or a map.
 */
export interface MergeType {
  readonly scalar?: ScalarType;
  readonly list?: ListType;
  readonly map?: MapType;
}

export type ScalarType = 'boolean' | 'numeric' | 'string' | 'untyped';

export interface ListType {
  /** Atomic: one value as a whole. Else a set, or a map by `keys`. */
  readonly atomic: boolean;
  readonly keys: readonly string[];
  readonly items: MergeType;
}

export interface MapType {
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, MapField>;
  /** Of fields that are not declared; undefined: there are none. */
  readonly others: MergeType | undefined;
  /** Any fields, each of any type: then a change between atomic and granular is not looked for. */
  readonly untyped: boolean;
}

export interface MapField {
  readonly type: MergeType;
  /** Stands for an absent key of a list's item. */
  readonly default?: unknown;
}

/** Below an atomic list or where nothing is said of items. */
export const UNTYPED_ATOMIC: MergeType = untypedType('atomic');

/** What a preserved field may hold: granular maps, atomic lists. */
export const DEDUCED: MergeType = untypedType('granular');

function untypedType(maps: 'atomic' | 'granular'): MergeType {
  const atomic = maps === 'atomic';
  const type: MergeType = {
    scalar: 'untyped',
    list: {
      atomic: true,
      keys: [],
      // A type that contains itself.
      get items() {
        return atomic ? type : UNTYPED_ATOMIC;
      },
    },
    map: {
      atomic,
      fields: new Map(),
      get others() {
        return type;
      },
      untyped: !atomic,
    },
  };
  return type;
}

export type Shape = 'list' | 'map' | 'scalar';

/**
 * As which of its shapes a type takes a value: by the value when the type has that shape, else (null, or a value of a
 * wrong type) map before scalar before list.
 */
export function shapeOf(type: MergeType, value: unknown): Shape {
  const own = ownShape(value);
  if (own !== undefined && type[own] !== undefined) return own;
  if (type.map !== undefined) return 'map';
  return type.scalar === undefined ? 'list' : 'scalar';
}

/** Undefined for null and for what is absent. */
function ownShape(value: unknown): Shape | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'object') return 'scalar';
  return Array.isArray(value) ? 'list' : 'map';
}

/** Whether the types that two values are taken for are the same (only then they are merged in one go). */
export function sameShape(type: MergeType, left: unknown, right: unknown): boolean {
  return !hasSeveral(type) || decided(type, left) === decided(type, right);
}

function hasSeveral({ scalar, list, map }: MergeType): boolean {
  return map === undefined ? scalar !== undefined && list !== undefined : (scalar ?? list) !== undefined;
}

/** Undefined when the value leaves the choice, as null does. */
function decided(type: MergeType, value: unknown): Shape | undefined {
  const own = ownShape(value);
  return own !== undefined && type[own] !== undefined ? own : undefined;
}

/** Undefined for anything but a list. */
export function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** Undefined for anything but a map. */
export function mapOf(value: unknown): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}

/** The type of a field; undefined when there can be none of that name. */
export function fieldType(type: MapType, name: string): MergeType | undefined {
  return type.fields.get(name)?.type ?? type.others;
}
