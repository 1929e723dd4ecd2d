/** How messages of Protocol Buffers are described here: fields by their numbers, with their names in JSON. */

export type FieldType = ValueType | { type: 'map'; values: ValueType };

export type ValueType =
  | { type: SimpleType }
  /** `become`: what JSON has in the place of the message. */
  | { type: 'message'; fields: MessageFields; become?(message: Record<string, unknown>): unknown };

/** `json` is a message around a text of JSON. */
export type SimpleType =
  'base64' | 'bool' | 'double' | 'flag' | 'int' | 'json' | 'microTime' | 'string' | 'time';

export interface FieldDescriptor {
  name: string;
  type: FieldType;
  repeated?: boolean;
  /** Go writes a zero that JSON leaves out (omitempty). */
  omitZero?: boolean;
}

export type MessageFields = Readonly<Record<number, FieldDescriptor>>;

const simple = (type: SimpleType) => (name: string) => ({ name, type: { type } });
export const string = simple('string');
export const int = simple('int');
export const count = (name: string): FieldDescriptor => ({ ...int(name), omitZero: true });
export const bool = simple('bool');
export const flag = (name: string): FieldDescriptor => ({ ...bool(name), omitZero: true });
export const double = simple('double');
export const base64 = simple('base64');
export const json = simple('json');
export const time = simple('time');
export const microTime = simple('microTime');
export const strings = (name: string): FieldDescriptor => ({ ...string(name), repeated: true });
export const mapOf = (name: string, values: ValueType): FieldDescriptor => ({
  name,
  type: { type: 'map', values },
});
export const map = (name: string, values: 'base64' | 'string' = 'string'): FieldDescriptor =>
  mapOf(name, { type: values });
export const message = (name: string, fields: MessageFields): FieldDescriptor => ({
  name,
  type: { type: 'message', fields },
});
export const messages = (name: string, fields: MessageFields): FieldDescriptor => ({
  ...message(name, fields),
  repeated: true,
});
