/** The wire format of Protocol Buffers, as far as writing messages takes. */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;

/** A message that is encoded already. */
export function bytesField(number: number, value: Uint8Array): Buffer {
  const { field, at } = lengthDelimited(number, value.length);
  field.set(value, at);
  return field;
}

export function textField(number: number, value: string): Buffer {
  const { field, at } = lengthDelimited(number, Buffer.byteLength(value));
  field.write(value, at);
  return field;
}

/** @param value a whole number from 0 to 2^53 */
export function integerField(number: number, value: number): Buffer {
  const tag = tagOf(number, VARINT);
  const field = Buffer.allocUnsafe(sizeOf(tag) + sizeOf(value));
  writeVarint(field, writeVarint(field, 0, tag), value);
  return field;
}

export function doubleField(number: number, value: number): Buffer {
  const tag = tagOf(number, FIXED64);
  const field = Buffer.allocUnsafe(sizeOf(tag) + 8);
  field.writeDoubleLE(value, writeVarint(field, 0, tag));
  return field;
}

/** Room for the value, which starts at `at`. */
function lengthDelimited(number: number, length: number): { field: Buffer; at: number } {
  const tag = tagOf(number, LENGTH_DELIMITED);
  const field = Buffer.allocUnsafe(sizeOf(tag) + sizeOf(length) + length);
  return { field, at: writeVarint(field, writeVarint(field, 0, tag), length) };
}

const tagOf = (number: number, wireType: number): number => number * 8 + wireType;

/** Seven bits a byte. */
function sizeOf(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** The lowest bits first; the high bit of a byte says that more follow. Returns where the next field begins. */
function writeVarint(target: Buffer, at: number, value: number): number {
  let position = at;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) target[position++] = (rest % 0x80) + 0x80;
  target[position++] = rest;
  return position;
}
