import { isJsonObject } from '../../machinery/json/json.ts';
import { fail } from './evaluation-error.ts';
import { unescapeName } from './field-name.ts';
import { CelList } from './value.ts';
import type { CelMap, Value } from './value.ts';

/** JSON without a schema as a value: numbers are doubles, as Go's encoding/json has them. */
export function jsonValue(raw: unknown): Value {
  if (Array.isArray(raw)) return new CelList(raw, jsonValue);
  if (isJsonObject(raw)) return new JsonValueMap(raw);
  return raw as Value;
}

/** Its keys may be written escaped, such as `foo__dot__bar` for `foo.bar`. */
class JsonValueMap implements CelMap {
  readonly isMap = true;
  readonly #raw: Readonly<Record<string, unknown>>;

  constructor(raw: Readonly<Record<string, unknown>>) {
    this.#raw = raw;
  }

  get size(): number {
    return Object.keys(this.#raw).length;
  }

  find(key: Value): Value | undefined {
    if (typeof key !== 'string') return fail('no such overload');
    const name = unescapeName(key) ?? key;
    return Object.hasOwn(this.#raw, name) ? jsonValue(this.#raw[name]) : undefined;
  }

  keys(): Iterable<Value> {
    return Object.keys(this.#raw);
  }
}
