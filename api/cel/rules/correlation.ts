import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { isJsonObject } from '../../machinery/json/json.ts';
import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';

/**
 * A value and what it was before, when the schema says which old value that is (apiserver pkg/cel/common/equality.go).
 * Errors about values that did not change are not errors (KEP-4008).
 */
export class Correlation {
  readonly #value: unknown;
  readonly #old: unknown;
  readonly #schema: StructuralSchema;
  #equal: boolean | undefined;
  #oldItems: MapList | undefined;

  constructor(value: unknown, old: unknown, schema: StructuralSchema) {
    this.#value = value;
    this.#old = old;
    this.#schema = schema;
  }

  key(name: string): Correlation | undefined {
    if (!isJsonObject(this.#value) || !isJsonObject(this.#old)) return undefined;
    if (!Object.hasOwn(this.#value, name) || !Object.hasOwn(this.#old, name)) return undefined;
    const { properties = {}, additionalProperties } = this.#schema;
    const declared = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    return typeof declared === 'object'
      ? new Correlation(this.#value[name], this.#old[name], declared)
      : undefined;
  }

  index(position: number): Correlation | undefined {
    if (!Array.isArray(this.#value) || !Array.isArray(this.#old) || this.#schema.items === undefined)
      return undefined;
    this.#oldItems ??= new MapList(this.#schema, this.#old);
    const old = this.#oldItems.get(this.#value[position]);
    return old === undefined ? undefined : new Correlation(this.#value[position], old, this.#schema.items);
  }

  get unchanged(): boolean {
    return (this.#equal ??= this.#compare());
  }

  /** Map lists are equal in any order of their items. */
  #compare(): boolean {
    const [value, old] = [this.#value, this.#old];
    if (Array.isArray(value) && Array.isArray(old) && this.#schema['x-kubernetes-list-type'] === 'map')
      return value.length === old.length && value.every((_, index) => this.index(index)?.unchanged === true);
    if (isJsonObject(value) && isJsonObject(old)) {
      const names = Object.keys(value);
      return (
        names.length === Object.keys(old).length && names.every((name) => this.#sameField(name, value, old))
      );
    }
    return deepEqual(value, old);
  }

  #sameField(name: string, value: Record<string, unknown>, old: Record<string, unknown>): boolean {
    const child = this.key(name);
    return child === undefined
      ? Object.hasOwn(old, name) && deepEqual(value[name], old[name])
      : child.unchanged;
  }
}

/** The items of a list by their keys; nothing can be found in lists that are not maps. */
export class MapList {
  readonly #keys: readonly string[];
  readonly #items: readonly unknown[];
  #byKey: Map<string, unknown> | undefined;

  constructor(schema: StructuralSchema, items: unknown) {
    this.#keys =
      schema['x-kubernetes-list-type'] === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : [];
    this.#items = Array.isArray(items) ? items : [];
  }

  get(item: unknown): unknown {
    if (this.#keys.length === 0 || this.#items.length === 0) return undefined;
    const key = this.#keyOf(item);
    return key === undefined ? undefined : this.#indexed().get(key);
  }

  #indexed(): Map<string, unknown> {
    if (this.#byKey !== undefined) return this.#byKey;
    this.#byKey = new Map();
    for (const item of this.#items) {
      const key = this.#keyOf(item);
      if (key !== undefined && !this.#byKey.has(key)) this.#byKey.set(key, item);
    }
    return this.#byKey;
  }

  #keyOf(item: unknown): string | undefined {
    if (!isJsonObject(item)) return undefined;
    const parts: string[] = [];
    for (const key of this.#keys) {
      const value = Object.hasOwn(item, key) ? item[key] : undefined;
      if (value === undefined || value === null || typeof value === 'object') return undefined;
      parts.push(typeof value === 'string' ? JSON.stringify(value) : String(value));
    }
    return parts.join('\u0000');
  }
}
