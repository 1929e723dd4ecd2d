import { MAX_JSON_DEPTH } from '../../machinery/json/json-depth.ts';
import type { MessageFields } from './fields.ts';
import { LISTS, MESSAGES } from './generated/messages.ts';
import { bytesOf, decodeBytes, decodeNumber, jsonOf, microTimeOf, text, timeOf } from './scalars.ts';
import { readFields } from './wire.ts';

type Message = Record<string, unknown>;

/** Messages that JSON has something else for: a text, any JSON, or one of several forms. */
const BECOMES: Readonly<Record<string, (bytes: Uint8Array, depth: number) => unknown>> = {
  'meta.v1.Time': timeOf,
  'meta.v1.MicroTime': microTimeOf,
  'meta.v1.FieldsV1': jsonOf,
  'api.resource.Quantity': quantityOf,
  'apiextensions.v1.JSON': jsonOf,
  'apiextensions.v1.JSONSchemaPropsOrArray': (bytes, depth) => {
    const { schema, jSONSchemas } = fieldsOf('apiextensions.v1.JSONSchemaPropsOrArray', bytes, depth);
    return jSONSchemas ?? schema;
  },
  'apiextensions.v1.JSONSchemaPropsOrBool': (bytes, depth) => {
    const { schema, allows } = fieldsOf('apiextensions.v1.JSONSchemaPropsOrBool', bytes, depth);
    return schema ?? allows === true;
  },
  'apiextensions.v1.JSONSchemaPropsOrStringArray': (bytes, depth) => {
    const { schema, property } = fieldsOf('apiextensions.v1.JSONSchemaPropsOrStringArray', bytes, depth);
    return schema ?? property ?? null;
  },
};

/** A message {1: text}. */
function quantityOf(bytes: Uint8Array): string {
  return text(bytesOf(readFields(bytes), 1));
}

/**
 * A message as the JSON of the same object; unknown fields are left out.
 * @param name such as `core.v1.Secret`
 * @throws RangeError for bytes that are not such a message
 */
export function decodeMessage(name: string, bytes: Uint8Array): Message {
  return fieldsOf(name, bytes, 0);
}

function fieldsOf(name: string, bytes: Uint8Array, depth: number): Message {
  // Only schemas hold their like.
  if (depth > MAX_JSON_DEPTH) throw new RangeError('messages that are nested too deeply');
  const descriptors: MessageFields = MESSAGES[name] ?? {};
  const message: Message = {};
  for (const { number, value } of readFields(bytes)) {
    const field = descriptors[number];
    if (field === undefined) continue;
    const [name, type, rule] = field;
    if (rule === 'map') addEntry(message, name, mapEntry(value, type, depth));
    else if (rule === 'list') addItem(message, name, decodeValue(value, type, depth));
    else if (rule !== 'omitZero' || !isZero(value)) addSingle(message, name, decodeValue(value, type, depth));
  }
  return message;
}

const isZero = (value: Uint8Array | bigint): boolean =>
  typeof value === 'bigint' ? value === 0n : value.length === 0;

/** A time or a JSON of nothing is no field. */
function addSingle(message: Message, name: string, value: unknown): void {
  if (value !== undefined) message[name] = value;
}

function addItem(message: Message, name: string, value: unknown): void {
  const list = message[name];
  if (Array.isArray(list)) list.push(value);
  else message[name] = [value];
}

function addEntry(message: Message, name: string, [key, value]: [string, unknown]): void {
  const entries = (message[name] ?? {}) as Message;
  // An own property even for `__proto__`, which validation then refuses as a key.
  Object.defineProperty(entries, key, { value, enumerable: true, configurable: true, writable: true });
  message[name] = entries;
}

function mapEntry(entry: Uint8Array | bigint, type: string, depth: number): [string, unknown] {
  if (!(entry instanceof Uint8Array)) throw new RangeError('a number where an entry of a map was expected');
  const fields = readFields(entry);
  return [text(bytesOf(fields, 1)), decodeValue(bytesOf(fields, 2), type, depth)];
}

function decodeValue(value: Uint8Array | bigint, type: string, depth: number): unknown {
  if (typeof value === 'bigint') return decodeNumber(value, type);
  if (!Object.hasOwn(MESSAGES, type)) return decodeBytes(value, type);
  if (LISTS.has(type)) return fieldsOf(type, value, depth + 1)['items'] ?? [];
  return BECOMES[type] === undefined ? fieldsOf(type, value, depth + 1) : BECOMES[type](value, depth + 1);
}
