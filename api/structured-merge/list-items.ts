import { goQuote } from '../machinery/go-text.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import type { ListType } from './merge-type.ts';
import { keyElement, NO_ELEMENT, valueElement } from './path-element.ts';
import type { PathElement } from './path-element.ts';

/** Why an item has no place in a set or in a map by keys, in upstream's words (typed/helpers.go). */
export class ItemError extends Error {}

/**
 * The path element of an item of a list that is not atomic.
 * @throws ItemError
 */
export function itemElement(type: ListType, item: unknown): PathElement {
  return type.keys.length === 0 ? setElement(item) : mapElement(type, item);
}

/** For the steps of a merge: taking fields away from an item may take its keys. */
export function itemElementIfAny(type: ListType, item: unknown): PathElement {
  try {
    return itemElement(type, item);
  } catch (error) {
    if (error instanceof ItemError) return NO_ELEMENT;
    throw error;
  }
}

function setElement(item: unknown): PathElement {
  if (Array.isArray(item)) throw new ItemError('not supported: associative list with lists as elements');
  if (item === null)
    throw new ItemError("associative list without keys has an element that's an explicit null");
  if (typeof item === 'object')
    throw new ItemError("associative list without keys has an element that's a map type");
  return valueElement(item);
}

function mapElement(type: ListType, item: unknown): PathElement {
  if (item === null) throw new ItemError('associative list with keys may not have a null element');
  if (!isJsonObject(item)) throw new ItemError('associative list with keys may not have non-map elements');
  const fields: [string, unknown][] = [];
  for (const name of type.keys) {
    const value = Object.hasOwn(item, name) ? item[name] : type.items.map?.fields.get(name)?.default;
    // A key that is absent and has no default makes another item than any value of it would.
    if (value !== undefined) fields.push([name, value]);
  }
  if (fields.length === 0) {
    const keys = type.keys.map((key) => goQuote(key)).join(' ');
    throw new ItemError(
      `associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`,
    );
  }
  return keyElement(fields);
}
