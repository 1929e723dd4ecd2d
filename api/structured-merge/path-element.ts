import { compareBytes } from '../machinery/byte-order.ts';
import { parseJsonText } from '../machinery/json/json.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import { entriesInOrder, goJson, goNumber, goQuote } from '../machinery/go-text.ts';
import { codePointOrder, compareValues } from './value-order.ts';

/** One step of a path (structured-merge-diff fieldpath/element.go). Equal elements have the same text. */
export type PathElement = FieldElement | IndexElement | KeyElement | NoElement | ValueElement;

/** Steps that are ordered before others have a lower number. */
const FIELD = 0;
const KEY = 1;
const VALUE = 2;
const INDEX = 3;
const NONE = 4;

interface Step {
  /** The key in fieldsV1, such as `f:name`. */
  readonly text: string;
}

/** A field of a map. */
export interface FieldElement extends Step {
  readonly type: typeof FIELD;
  readonly name: string;
  /** `name`, to be compared by code units. */
  readonly order: string;
}

/** The item of a list whose keys have these values, by name. */
export interface KeyElement extends Step {
  readonly type: typeof KEY;
  readonly fields: readonly (readonly [string, unknown])[];
}

/** An item of a set. */
export interface ValueElement extends Step {
  readonly type: typeof VALUE;
  readonly value: unknown;
}

/** An item of an atomic list. */
export interface IndexElement extends Step {
  readonly type: typeof INDEX;
  readonly index: number;
}

/** Of an item that lost its keys, within the steps of a merge; it is never written. */
export interface NoElement extends Step {
  readonly type: typeof NONE;
}

export const NO_ELEMENT: NoElement = { type: NONE, text: '' };

/** The names of fields are few and come again and again; the bounds are for names that clients choose, as labels. */
const MAX_KNOWN = 10_000;
const MAX_KNOWN_LENGTH = 100;
const known = new Map<string, FieldElement>();

export function fieldElement(name: string): FieldElement {
  const found = known.get(name);
  if (found !== undefined) return found;
  const made: FieldElement = { type: FIELD, text: `f:${name}`, name, order: codePointOrder(name) };
  if (name.length > MAX_KNOWN_LENGTH) return made;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(name, made);
  return made;
}

export function isFieldElement(element: PathElement): element is FieldElement {
  return element.type === FIELD;
}

export function isKeyElement(element: PathElement): element is KeyElement {
  return element.type === KEY;
}

/** A value within a key of fieldsV1: json-iterator writes exponents of two digits, which encoding/json does not. */
const keyText = (value: unknown): string =>
  goJson(value, (number) => JSON.stringify(number).replace(/e-(\d)$/, 'e-0$1'));

/** A value within a path that people read, such as `.list[name="a"]` (value.go ToString). */
function valueText(value: unknown): string {
  if (typeof value === 'string') return goQuote(value);
  if (typeof value === 'number') return goNumber(value);
  if (Array.isArray(value)) return `[${value.map(valueText).join(',')}]`;
  if (!isJsonObject(value)) return String(value);
  return entriesInOrder(value)
    .map(([key, child]) => `${key}=${valueText(child)}`)
    .join('');
}

export function keyElement(fields: [string, unknown][]): KeyElement {
  const sorted = fields.length < 2 ? fields : fields.sort(([left], [right]) => compareBytes(left, right));
  const text = sorted.map(([name, value]) => `${JSON.stringify(name)}:${keyText(value)}`).join(',');
  return { type: KEY, text: `k:{${text}}`, fields: sorted };
}

export function valueElement(value: unknown): ValueElement {
  return { type: VALUE, text: `v:${keyText(value)}`, value };
}

export function indexElement(index: number): IndexElement {
  return { type: INDEX, text: `i:${index}`, index };
}

/**
 * The element of a key of fieldsV1; undefined for a type that a later Kubernetes may know (it is ignored then).
 * @throws Error for what cannot be read
 */
export function parsePathElement(text: string): PathElement | undefined {
  if (text.charCodeAt(1) !== 58) throw new Error(`missing colon: ${text}`);
  const rest = text.slice(2);
  switch (text.charCodeAt(0)) {
    case 102: // f
      return fieldElement(rest);
    case 118: // v
      return valueElement(parseJsonText(rest));
    case 107: // k
      return parsedKey(rest);
    case 105: // i
      return parsedIndex(rest);
    default:
      return undefined;
  }
}

function parsedKey(text: string): KeyElement {
  const fields = parseJsonText(text);
  if (!isJsonObject(fields)) throw new Error(`not a key of a list: ${text}`);
  return keyElement(Object.entries(fields));
}

function parsedIndex(text: string): IndexElement {
  if (!/^[+-]?\d{1,15}$/.test(text)) throw new Error(`not an index: ${text}`);
  return indexElement(Number(text));
}

export function comparePathElements(left: PathElement, right: PathElement): number {
  if (left === right) return 0;
  if (left.type !== right.type) return left.type - right.type;
  if (left.type === FIELD && right.type === FIELD) {
    if (left.order === right.order) return 0;
    return left.order < right.order ? -1 : 1;
  }
  if (left.type === VALUE && right.type === VALUE) return compareValues(left.value, right.value);
  if (left.type === INDEX && right.type === INDEX) return left.index - right.index;
  return left.type === KEY && right.type === KEY ? compareKeys(left, right) : 0;
}

function compareKeys(left: KeyElement, right: KeyElement): number {
  for (const [index, [name, value]] of left.fields.entries()) {
    const other = right.fields[index];
    if (other === undefined) return 1;
    const order = compareBytes(name, other[0]) || compareValues(value, other[1]);
    if (order !== 0) return order;
  }
  return left.fields.length - right.fields.length;
}

/** As it stands in messages: `.name`, `[key="a"]`, `[="a"]`, `[0]`. */
export function elementText(element: PathElement): string {
  switch (element.type) {
    case FIELD:
      return `.${element.name}`;
    case KEY:
      return `[${element.fields.map(([name, value]) => `${name}=${valueText(value)}`).join(',')}]`;
    case VALUE:
      return `[=${valueText(element.value)}]`;
    case INDEX:
      return `[${element.index}]`;
    case NONE:
      return '{{invalid path element}}';
  }
}
