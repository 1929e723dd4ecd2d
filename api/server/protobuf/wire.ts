/** The wire format of Protocol Buffers, as far as reading what Kubernetes clients send takes. */

/** Bytes for length-delimited fields, else a number; in the order of the message. */
export interface WireField {
  number: number;
  value: Uint8Array | bigint;
}

/** @throws RangeError for bytes that are no message */
export function readFields(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    const number = Number(tag.value >> 3n);
    if (number === 0) throw new RangeError('a field without a number');
    const field = readValue(bytes, tag.next, Number(tag.value & 7n));
    fields.push({ number, value: field.value });
    at = field.next;
  }
  return fields;
}

interface Read<T> {
  value: T;
  next: number;
}

function readValue(bytes: Uint8Array, at: number, wireType: number): Read<Uint8Array | bigint> {
  switch (wireType) {
    case 0:
      return readVarint(bytes, at);
    case 1:
      return readFixed(bytes, at, 8);
    case 2: {
      const length = readVarint(bytes, at);
      const end = length.next + Number(length.value);
      // A length below zero would lead back to bytes that were read already, without end.
      if (length.value < 0n || end > bytes.length)
        throw new RangeError('a field that is longer than its message');
      return { value: bytes.subarray(length.next, end), next: end };
    }
    case 5:
      return readFixed(bytes, at, 4);
    default:
      throw new RangeError(`wire type ${wireType}`);
  }
}

function readFixed(bytes: Uint8Array, at: number, length: number): Read<Uint8Array> {
  if (at + length > bytes.length) throw new RangeError('a field that is longer than its message');
  return { value: bytes.subarray(at, at + length), next: at + length };
}

/** Up to ten bytes of seven bits each, the lowest first. */
function readVarint(bytes: Uint8Array, start: number): Read<bigint> {
  let value = 0n;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) throw new RangeError('a number that does not end');
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value: BigInt.asIntN(64, value), next: start + index + 1 };
  }
  throw new RangeError('a number of more than ten bytes');
}
