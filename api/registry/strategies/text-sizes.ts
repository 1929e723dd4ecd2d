import { fieldsOf } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { tooLong } from '../../structural-schema/field-error.ts';

/** The most bytes of a text in UTF-8, by the field of an object that holds it. */
export type TextSizes = Readonly<Record<string, number>>;

export interface TextsChanged {
  /** The path of the object. */
  at: string;
  before: JsonObject;
  after: JsonObject;
}

/**
 * Texts that have become too large. A schema counts characters, of which each has up to four bytes; what is stored and handed to
 * agents is counted in bytes. A text that was stored before may stay.
 */
export function oversizedTexts({ at, before, after }: TextsChanged, sizes: TextSizes): StatusCause[] {
  return Object.entries(sizes).flatMap(([field, most]) => {
    const text = after[field];
    if (typeof text !== 'string' || text === before[field] || Buffer.byteLength(text) <= most) return [];
    return [tooLong(`${at}.${field}`, most)];
  });
}

/** The same for the items of a list, which are known by their `id`. */
export function oversizedItems(
  { at, before, after }: TextsChanged,
  list: string,
  sizes: TextSizes,
): StatusCause[] {
  const stored = new Map(itemsOf(before[list]).map((item) => [item['id'], item]));
  return itemsOf(after[list]).flatMap((item, index) =>
    oversizedTexts(
      { at: `${at}.${list}[${index}]`, before: stored.get(item['id']) ?? {}, after: item },
      sizes,
    ),
  );
}

const itemsOf = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.map(fieldsOf) : []);
