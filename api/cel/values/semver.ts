import { fail } from './evaluation-error.ts';

/** A version after semver.org 2.0.0, with the errors of blang/semver, which upstream uses. */
export class Semver {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly #pre: readonly string[];

  constructor([major = 0n, minor = 0n, patch = 0n]: readonly bigint[], pre: readonly string[]) {
    this.major = major;
    this.minor = minor;
    this.patch = patch;
    this.#pre = pre;
  }

  compare(other: Semver): -1 | 0 | 1 {
    for (const part of ['major', 'minor', 'patch'] as const)
      if (this[part] !== other[part]) return this[part] > other[part] ? 1 : -1;
    return this.#comparePre(other);
  }

  #comparePre(other: Semver): -1 | 0 | 1 {
    const pre = other.#pre;
    if (this.#pre.length === 0 || pre.length === 0) return order(pre.length, this.#pre.length);
    for (const [index, part] of this.#pre.entries()) {
      const against = pre[index];
      if (against === undefined) return 1;
      const compared = compareIdentifiers(part, against);
      if (compared !== 0) return compared;
    }
    return order(this.#pre.length, pre.length);
  }
}

const order = (a: number, b: number): -1 | 0 | 1 => (a === b ? 0 : a < b ? -1 : 1);

function compareIdentifiers(a: string, b: string): -1 | 0 | 1 {
  const [aIsNumber, bIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  if (aIsNumber) return BigInt(a) === BigInt(b) ? 0 : BigInt(a) < BigInt(b) ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}

/** @throws EvaluationError */
export function parseSemver(text: string, normalize: boolean): Semver {
  const read = readSemver(text, normalize);
  return typeof read === 'string' ? fail(read) : read;
}

/** The version, or what is wrong with its text. */
export function readSemver(text: string, normalize: boolean): Semver | string {
  if (!normalize) return strictSemver(text);
  const parts = splitVersion(text.replace(/^v/, '')).map(withoutLeadingZeros);
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? ''))
    return 'short version cannot contain PreRelease/Build meta data';
  while (parts.length < 3) parts.push('0');
  return strictSemver(parts.join('.'));
}

/** At most three parts; the last has the rest. */
function splitVersion(text: string): string[] {
  const [major = '', minor, ...rest] = text.split('.');
  if (minor === undefined) return [major];
  return rest.length === 0 ? [major, minor] : [major, minor, rest.join('.')];
}

function withoutLeadingZeros(part: string): string {
  if (part.length <= 1) return part;
  const cut = part.replace(/^0+/, '');
  return /^\d/.test(cut) ? cut : `0${cut}`;
}

const PARTS = ['Major', 'Minor', 'Patch'];

function strictSemver(text: string): Semver | string {
  if (text === '') return 'Version string empty';
  const parts = splitVersion(text);
  if (parts.length !== 3) return 'No Major.Minor.Patch elements found';
  const [rest, build] = cut(parts[2] ?? '', '+');
  const [patch, pre] = cut(rest, '-');
  const numbers = [parts[0] ?? '', parts[1] ?? '', patch];
  const problem = numbers.map(numberProblem).find((found) => found !== undefined);
  if (problem !== undefined) return problem;
  const identifiers = pre === undefined ? [] : pre.split('.');
  const wrong = identifierProblem(identifiers, build);
  return wrong ?? new Semver(numbers.map(BigInt), identifiers);
}

function cut(text: string, at: string): [string, string | undefined] {
  const index = text.indexOf(at);
  return index === -1 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

function numberProblem(text: string, index: number): string | undefined {
  const name = PARTS[index];
  if (!/^\d*$/.test(text))
    return `Invalid character(s) found in ${name?.toLowerCase()} number ${JSON.stringify(text)}`;
  if (text.length > 1 && text.startsWith('0'))
    return `${name} number must not contain leading zeroes ${JSON.stringify(text)}`;
  if (text === '') return `strconv.ParseUint: parsing "": invalid syntax`;
  return undefined;
}

function identifierProblem(pre: readonly string[], build: string | undefined): string | undefined {
  for (const part of pre) {
    if (part === '') return 'Prerelease is empty';
    if (/^\d+$/.test(part) && part.length > 1 && part.startsWith('0'))
      return `Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(part)}`;
    if (!/^[\dA-Za-z-]+$/.test(part))
      return `Invalid character(s) found in prerelease ${JSON.stringify(part)}`;
  }
  for (const part of build?.split('.') ?? []) {
    if (part === '') return 'Build meta data is empty';
    if (!/^[\dA-Za-z-]+$/.test(part))
      return `Invalid character(s) found in build meta data ${JSON.stringify(part)}`;
  }
  return undefined;
}
