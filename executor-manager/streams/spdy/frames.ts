/** Frames of SPDY/3 (SPDY Protocol draft 3, section 2.2), as far as port-forward of kubectl uses them. */

export const TYPE = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const FLAG_FIN = 1;

export const RESET = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  cancel: 5,
  internalError: 6,
} as const;

const VERSION = 3;
export const HEADER_BYTES = 8;
const MAX_LENGTH = 2 ** 24 - 1;

export interface ControlFrame {
  kind: 'control';
  type: number;
  flags: number;
  payload: Buffer;
}

/** A part of a data frame: frames are as long as their sender likes, and need not be held as a whole. */
export interface DataPart {
  kind: 'data';
  streamID: number;
  data: Buffer;
  /** Nothing more comes on this stream. */
  fin: boolean;
}

export type Frame = ControlFrame | DataPart;

export type FrameHeader =
  | { kind: 'control'; version: number; type: number; flags: number; length: number }
  | { kind: 'data'; streamID: number; flags: number; length: number };

export function decodeHeader(bytes: Buffer): FrameHeader {
  const first = bytes.readUInt32BE(0);
  const rest = { flags: bytes.readUInt8(4), length: bytes.readUIntBE(5, 3) };
  if (first < 2 ** 31) return { kind: 'data', streamID: first, ...rest };
  return { kind: 'control', version: (first >>> 16) & 0x7fff, type: first & 0xffff, ...rest };
}

export const isOurVersion = (version: number): boolean => version === VERSION;

export function encodeControl(type: number, payload: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt16BE(0x8000 | VERSION, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt8(flags, 4);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

/** At most MAX_LENGTH bytes of data. */
export function encodeData(streamID: number, data: Buffer, fin: boolean): Buffer {
  if (data.length > MAX_LENGTH) throw new RangeError('too much data for one frame');
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt32BE(streamID, 0);
  head.writeUInt8(fin ? FLAG_FIN : 0, 4);
  head.writeUIntBE(data.length, 5, 3);
  return Buffer.concat([head, data]);
}

/** The numbers of a payload that has nothing else, one after the other. */
export function numbers(...values: number[]): Buffer {
  const payload = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => payload.writeUInt32BE(value, index * 4));
  return payload;
}
