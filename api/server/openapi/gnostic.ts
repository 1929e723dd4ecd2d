import { MESSAGES } from './gnostic-messages.ts';
import type { FieldType, MessageType } from './gnostic-messages.ts';
import { bytesField, doubleField, integerField, textField } from './protobuf-writer.ts';
import { yamlText } from './yaml-text.ts';

/** A JSON value of an OpenAPI v2 document as the message of that name. */
export function encodeMessage(name: string, value: unknown): Buffer {
  const type = MESSAGES[name];
  if (type === undefined) throw new Error(`no message ${name}`);
  if (type.wraps) {
    const [number, content] = type.wraps(value);
    return encodeField(number, content, value);
  }
  const entries = Object.entries(value as Record<string, unknown>);
  if (type.entries) {
    const [number, content] = type.entries;
    return Buffer.concat(entries.map(([key, one]) => encodeEntry(number, key, encodeMessage(content, one))));
  }
  return Buffer.concat(entries.map(([key, one]) => encodeProperty(type, key, one)));
}

/** NamedSchema and its like: {name = 1, value = 2}. */
function encodeEntry(number: number, name: string, value: Buffer): Buffer {
  return bytesField(number, Buffer.concat([textField(1, name), bytesField(2, value)]));
}

const NOTHING = Buffer.alloc(0);

function encodeProperty(type: MessageType, key: string, value: unknown): Buffer {
  const known = type.fields !== undefined && Object.hasOwn(type.fields, key) ? type.fields[key] : undefined;
  if (known !== undefined) {
    // What is not written is false.
    return value === false && known[1] === 'boolean' ? NOTHING : encodeField(known[0], known[1], value);
  }
  if (type.extensions === undefined || !key.startsWith('x-')) return NOTHING;
  return encodeEntry(type.extensions, key, anyOf(value));
}

function encodeField(number: number, type: FieldType, value: unknown): Buffer {
  if (typeof type === 'object') {
    if ('message' in type) return bytesField(number, encodeMessage(type.message, value));
    return Buffer.concat(listOf(value).map((one) => bytesField(number, encodeMessage(type.messages, one))));
  }
  switch (type) {
    case 'text':
      return textField(number, String(value));
    case 'texts':
      return Buffer.concat(listOf(value).map((one) => textField(number, String(one))));
    case 'boolean':
      return integerField(number, value === true ? 1 : 0);
    case 'integer':
      return integerField(number, wholeNumber(value));
    case 'double':
      return doubleField(number, Number(value));
    case 'any':
      return bytesField(number, anyOf(value));
    case 'anys':
      return Buffer.concat(listOf(value).map((one) => bytesField(number, anyOf(one))));
  }
}

/** Lengths and counts; what is beyond them limits nothing anyway. */
function wholeNumber(value: unknown): number {
  return Math.min(Math.max(Math.trunc(Number(value)), 0), Number.MAX_SAFE_INTEGER);
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Any: {yaml = 2}. */
const anyOf = (value: unknown): Buffer => textField(2, yamlText(value));
