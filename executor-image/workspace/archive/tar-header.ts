/** The part of a tar archive that says what follows: POSIX.1-2017 pax, "ustar Interchange Format", and GNU's long names. */
export const BLOCK = 512;

export interface TarHeader {
  /** The type flag: one character. */
  type: string;
  /** As it stands in the archive, one character for each byte. */
  name: string;
  linkName: string;
  /** Bytes of content that follow. */
  size: number;
}

/** Undefined for a block of zeros, which ends an archive. Throws an Error for anything that is no header. */
export function readTarHeader(block: Buffer): TarHeader | undefined {
  if (isZero(block)) return undefined;
  if (sumOf(block) !== octal(block, 148, 8)) throw new Error('a header has the wrong checksum');
  const magic = text(block, 257, 8);
  if (!magic.startsWith('ustar')) throw new Error('a header is not in the format ustar');
  // GNU's own format has times where POSIX has the first part of a long name.
  const prefix = block[262] === 0 ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  return {
    type: block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0),
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(block, 157, 100),
    size: numberIn(block, 124, 12),
  };
}

/** The records of a pax extended header: `LENGTH KEY=VALUE\n` each. Throws an Error when they are not. */
export function readPaxRecords(content: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let start = 0; start < content.length;) {
    const space = content.indexOf(0x20, start);
    const length = Number(space === -1 ? Number.NaN : content.toString('latin1', start, space));
    const end = start + length;
    const record = content.toString('latin1', space + 1, end - 1);
    const equals = record.indexOf('=');
    const sound = Number.isSafeInteger(length) && end > space + 1 && end <= content.length && equals > 0;
    if (!sound || content[end - 1] !== 0x0a) throw new Error('an extended header cannot be read');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    start = end;
  }
  return records;
}

export function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Up to the first NUL. */
export function text(bytes: Buffer, start: number, length: number): string {
  const end = bytes.indexOf(0, start);
  const limit = start + length;
  return bytes.toString('latin1', start, end === -1 || end > limit ? limit : end);
}

/** Octal digits, or GNU's base 256 for what does not fit. */
function numberIn(block: Buffer, start: number, length: number): number {
  const first = block[start] ?? 0;
  if ((first & 0x80) === 0) return octal(block, start, length);
  let value = first & 0x7f;
  for (const byte of block.subarray(start + 1, start + length)) value = value * 256 + byte;
  if (!Number.isSafeInteger(value)) throw new Error('a header has a size that is no size');
  return value;
}

function octal(block: Buffer, start: number, length: number): number {
  const digits = text(block, start, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw new Error('a header has a number that is no number');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

/** With its own field read as spaces. */
function sumOf(block: Buffer): number {
  let sum = 0;
  for (let index = 0; index < BLOCK; index += 1) {
    sum += index >= 148 && index < 156 ? 0x20 : (block[index] ?? 0);
  }
  return sum;
}
