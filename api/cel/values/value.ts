import { UnsignedInteger } from '../language/expression.ts';
import type { Address, Network } from './ip-address.ts';
import type { Quantity } from '../../machinery/quantity.ts';
import type { Semver } from './semver.ts';
import type { NamedFormat } from './named-formats.ts';
import { fail } from './evaluation-error.ts';
import { escapeName, unescapeName } from './field-name.ts';

/** What an expression works on. int is bigint, double is number. */
export type Value =
  | Address
  | CelList
  | CelMap
  | Duration
  | NamedFormat
  | Network
  | OptionalValue
  | Quantity
  | Semver
  | Timestamp
  | TypeValue
  | Uint8Array
  | UnsignedInteger
  | UrlValue
  | bigint
  | boolean
  | number
  | string
  | null;

/** Turns JSON into a value when it is looked at, so that what a rule does not touch costs nothing. */
export type Convert = (raw: unknown) => Value;

const asIs: Convert = (raw) => raw as Value;

export class CelList {
  readonly #items: readonly unknown[];
  readonly #convert: Convert;
  /** Set and map lists compare and add as sets and maps (KEP-2876). */
  readonly semantics: ListSemantics | undefined;

  constructor(items: readonly unknown[], convert: Convert = asIs, semantics?: ListSemantics) {
    this.#items = items;
    this.#convert = convert;
    this.semantics = semantics;
  }

  get size(): number {
    return this.#items.length;
  }

  get raw(): readonly unknown[] {
    return this.#items;
  }

  at(index: number): Value {
    return this.#convert(this.#items[index]);
  }

  *[Symbol.iterator](): Generator<Value> {
    for (let index = 0; index < this.#items.length; index += 1) yield this.at(index);
  }
}

export type ListSemantics =
  { readonly type: 'map'; readonly keys: readonly string[] } | { readonly type: 'set' };

/** A map of any keys, or an object of a schema. */
export interface CelMap {
  readonly isMap: true;
  readonly size: number;
  find(key: Value): Value | undefined;
  keys(): Iterable<Value>;
}

/** What a schema says about the properties of JSON objects. */
export interface Shape {
  /** How a property becomes a value; undefined when rules cannot reach it. */
  convert(property: string): Convert | undefined;
  /** Objects have escaped field names, and their nulls count as absent; maps have plain keys. */
  readonly isObject: boolean;
}

/** A JSON object seen through its schema. */
export class JsonMap implements CelMap {
  readonly isMap = true;
  readonly raw: Record<string, unknown>;
  readonly #shape: Shape;

  constructor(raw: Record<string, unknown>, shape: Shape) {
    this.raw = raw;
    this.#shape = shape;
  }

  get size(): number {
    return Object.keys(this.raw).length;
  }

  find(key: Value): Value | undefined {
    if (typeof key !== 'string') return fail('no such overload');
    const property = this.#shape.isObject ? unescapeName(key) : key;
    return property === undefined ? undefined : this.valueFor(property);
  }

  /** The value of a property, or undefined for one that is absent or not declared. */
  valueFor(property: string): Value | undefined {
    if (!Object.hasOwn(this.raw, property)) return undefined;
    const raw = this.raw[property];
    if (raw === null && this.#shape.isObject) return undefined;
    return this.#shape.convert(property)?.(raw);
  }

  declares(property: string): boolean {
    return this.#shape.convert(property) !== undefined;
  }

  *keys(): Generator<string> {
    for (const property of Object.keys(this.raw)) {
      const name = this.#shape.isObject ? escapeName(property) : property;
      if (name !== undefined) yield name;
    }
  }
}

/** A map that an expression made. */
export class LiteralMap implements CelMap {
  readonly isMap = true;
  readonly #entries = new Map<unknown, readonly [Value, Value]>();

  get size(): number {
    return this.#entries.size;
  }

  find(key: Value): Value | undefined {
    return this.#entries.get(keyOf(key))?.[1];
  }

  *keys(): Generator<Value> {
    for (const [key] of this.#entries.values()) yield key;
  }

  has(key: Value): boolean {
    return this.#entries.has(keyOf(key));
  }

  set(key: Value, value: Value): void {
    this.#entries.set(keyOf(key), [key, value]);
  }
}

/** Numbers that are equal are the same key, whatever their type. */
function keyOf(key: Value): unknown {
  if (typeof key === 'number' && Number.isInteger(key)) return BigInt(key);
  return key instanceof UnsignedInteger ? key.value : key;
}

/** Nanoseconds since 1970. */
export class Timestamp {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    if (nanos < MIN_TIME || nanos > MAX_TIME) fail('timestamp overflow');
    this.nanos = nanos;
  }
}

const MIN_TIME = -62_135_596_800_000_000_000n;
const MAX_TIME = 253_402_300_799_999_999_999n;

export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    if (BigInt.asIntN(64, nanos) !== nanos) fail('duration overflow');
    this.nanos = nanos;
  }
}

/** A type as a value: what `type(x)` gives. */
export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class OptionalValue {
  static readonly none = new OptionalValue(undefined);
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
}

export class UrlValue {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export function isMap(value: unknown): value is CelMap {
  return typeof value === 'object' && value !== null && 'isMap' in value;
}
