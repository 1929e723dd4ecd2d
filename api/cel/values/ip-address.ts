import { isIPv4 } from 'node:net';
import { fail } from './evaluation-error.ts';

/** An IP address without a zone (apiserver pkg/cel/library/ip.go): IPv4-mapped IPv6 is refused, as there. */
export class Address {
  readonly bits: 32 | 128;
  readonly value: bigint;

  constructor(bits: 32 | 128, value: bigint) {
    this.bits = bits;
    this.value = value;
  }

  static parse(text: string): Address | undefined {
    const address = parseAddress(text);
    return address === undefined || isMapped(address) ? undefined : address;
  }

  get family(): bigint {
    return this.bits === 32 ? 4n : 6n;
  }

  /** The number that its first bits make. */
  prefix(length: number): bigint {
    return this.value >> BigInt(this.bits - length);
  }

  masked(length: number): Address {
    const rest = BigInt(this.bits - length);
    return new Address(this.bits, (this.value >> rest) << rest);
  }

  equals(other: Address): boolean {
    return this.bits === other.bits && this.value === other.value;
  }

  get isUnspecified(): boolean {
    return this.value === 0n;
  }

  get isLoopback(): boolean {
    return this.bits === 32 ? this.prefix(8) === 127n : this.value === 1n;
  }

  get isMulticast(): boolean {
    return this.bits === 32 ? this.prefix(4) === 0xen : this.prefix(8) === 0xffn;
  }

  get isLinkLocalMulticast(): boolean {
    return this.bits === 32
      ? this.prefix(24) === 0xe0_00_00n
      : this.prefix(8) === 0xffn && ((this.value >> 112n) & 0x0fn) === 2n;
  }

  get isLinkLocalUnicast(): boolean {
    return this.bits === 32 ? this.prefix(16) === 0xa9_fen : this.prefix(10) === 0x3_fan;
  }

  get isGlobalUnicast(): boolean {
    const broadcast = this.bits === 32 && this.value === 0xff_ff_ff_ffn;
    return !(
      broadcast ||
      this.isUnspecified ||
      this.isLoopback ||
      this.isMulticast ||
      this.isLinkLocalUnicast
    );
  }

  toString(): string {
    if (this.bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (this.value >> shift) & 0xffn).join('.');
    return compressed(groupsOf(this.value));
  }
}

/** A CIDR, which keeps the address it was written with. */
export class Network {
  readonly address: Address;
  readonly length: number;

  constructor(address: Address, length: number) {
    this.address = address;
    this.length = length;
  }

  static parse(text: string): Network | undefined {
    const slash = text.lastIndexOf('/');
    const length = text.slice(slash + 1);
    const address = slash === -1 ? undefined : Address.parse(text.slice(0, slash));
    if (address === undefined || !/^(?:0|[1-9]\d{0,2})$/.test(length)) return undefined;
    return Number(length) > address.bits ? undefined : new Network(address, Number(length));
  }

  contains(address: Address): boolean {
    return (
      address.bits === this.address.bits && address.prefix(this.length) === this.address.prefix(this.length)
    );
  }

  containsNetwork(other: Network): boolean {
    return this.length <= other.length && this.contains(other.address);
  }

  masked(): Network {
    return new Network(this.address.masked(this.length), this.length);
  }

  equals(other: Network): boolean {
    return this.length === other.length && this.address.equals(other.address);
  }

  toString(): string {
    return `${this.address.toString()}/${this.length}`;
  }
}

const isMapped = ({ bits, value }: Address): boolean => bits === 128 && value >> 32n === 0xff_ffn;

function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return new Address(32, numberOf(text.split('.').map(Number), 8n));
  if (!/^[\da-fA-F:.]+$/.test(text) || !text.includes(':')) return undefined;
  const groups = expand(text);
  return groups === undefined ? undefined : new Address(128, numberOf(groups, 16n));
}

function numberOf(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((value, part) => (value << width) | BigInt(part), 0n);
}

/** The eight groups of an IPv6 address. */
function expand(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : groups(half)));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === 8 ? head : undefined;
  const missing = 8 - head.length - tail.length;
  return missing < 1 ? undefined : [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

function groups(text: string): number[] | undefined {
  const parts = text.split(':');
  const last = parts.at(-1) ?? '';
  if (isIPv4(last)) {
    const [a = 0, b = 0, c = 0, d = 0] = last.split('.').map(Number);
    parts.splice(-1, 1, ((a << 8) | b).toString(16), ((c << 8) | d).toString(16));
  }
  return parts.every((part) => /^[\da-fA-F]{1,4}$/.test(part))
    ? parts.map((part) => parseInt(part, 16))
    : undefined;
}

function groupsOf(value: bigint): number[] {
  return Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xff_ffn));
}

/** RFC 5952: lower case, and the longest run of zeros left out. */
function compressed(all: readonly number[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && all[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const hex = all.map((group) => group.toString(16));
  if (best.start === -1) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}

/** @throws EvaluationError in the words of upstream */
export function parseIp(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed !== undefined && isMapped(parsed))
    return fail(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  if (parsed !== undefined) return parsed;
  if (text.includes('%')) return fail(`IP address ${JSON.stringify(text)} with zone value is not allowed`);
  return fail(
    `IP Address ${JSON.stringify(text)} parse error during conversion from string: ${reason(text)}`,
  );
}

/** As netip.ParseAddr of Go says it, for IPv4; of IPv6 it says only that it could not. */
function reason(text: string): string {
  const quoted = JSON.stringify(text);
  const separator = /[.:%]/.exec(text)?.[0];
  if (separator === undefined) return `ParseAddr(${quoted}): unable to parse IP`;
  if (separator !== '.') return `ParseAddr(${quoted}): unable to parse IP`;
  return `ParseAddr(${quoted}): ${ipv4Problem(text)}`;
}

function ipv4Problem(text: string): string {
  const fields = text.split('.');
  for (const [index, field] of fields.entries()) {
    const rest = JSON.stringify(fields.slice(index).join('.'));
    const wrong = /[^0-9]/.exec(field);
    if (wrong !== null)
      return `unexpected character (at ${JSON.stringify(fields.slice(index).join('.').slice(wrong.index))})`;
    if (field === '')
      return `IPv4 field must have at least one digit (at ${JSON.stringify(`.${fields.slice(index).join('.')}`)})`;
    if (field.length > 1 && field.startsWith('0')) return 'IPv4 field has octet with leading zero';
    if (Number(field) > 255) return 'IPv4 field has value >255';
    if (index > 3) return `IPv4 address too long (at ${rest})`;
  }
  return 'IPv4 address too short';
}

const CIDR_ERROR = 'network address parse error during conversion from string: ';

/** Upstream says twice what it was doing. */
export function parseCidr(text: string): Network {
  const parsed = Network.parse(text);
  return (
    parsed ??
    fail(`${CIDR_ERROR}${CIDR_ERROR}netip.ParsePrefix(${JSON.stringify(text)}): ${cidrProblem(text)}`)
  );
}

function cidrProblem(text: string): string {
  const slash = text.lastIndexOf('/');
  if (slash === -1) return "no '/'";
  const address = text.slice(0, slash);
  const length = text.slice(slash + 1);
  if (parseAddress(address) === undefined) return reason(address);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length)) return `bad bits after slash: ${JSON.stringify(length)}`;
  return 'prefix length out of range';
}
