/** An exact number of billionths, such as `2Gi` or `500m` stand for (apimachinery pkg/api/resource Quantity). */
export class Quantity {
  readonly nanos: bigint;
  /** Upstream keeps what does not fit an int64 and a power of ten as a big decimal, which never counts as an integer. */
  readonly #small: boolean;

  constructor(nanos: bigint, small: boolean) {
    this.nanos = nanos;
    this.#small = small;
  }

  /** Undefined when the text is not a quantity. */
  static parse(text: string): Quantity | undefined {
    const read = readQuantity(text);
    return typeof read === 'string' ? undefined : read;
  }

  static of(int: bigint): Quantity {
    return new Quantity(int * BILLION, true);
  }

  get sign(): bigint {
    return this.nanos === 0n ? 0n : this.nanos < 0n ? -1n : 1n;
  }

  get isInteger(): boolean {
    return (
      this.#small &&
      this.nanos % BILLION === 0n &&
      BigInt.asIntN(64, this.nanos / BILLION) === this.nanos / BILLION
    );
  }

  /** Undefined unless it is an integer. */
  asInteger(): bigint | undefined {
    return this.isInteger ? this.nanos / BILLION : undefined;
  }

  asFloat(): number {
    return Number(this.nanos / BILLION) + Number(this.nanos % BILLION) / 1e9;
  }

  add(other: Quantity): Quantity {
    return new Quantity(this.nanos + other.nanos, this.#small && other.#small);
  }

  sub(other: Quantity): Quantity {
    return new Quantity(this.nanos - other.nanos, this.#small && other.#small);
  }

  compare(other: Quantity): -1 | 0 | 1 {
    if (this.nanos === other.nanos) return 0;
    return this.nanos < other.nanos ? -1 : 1;
  }
}

const BILLION = 1_000_000_000n;
const MAX = (2n ** 63n - 1n) * BILLION;
const SHAPE = /^(?<sign>[+-]?)(?<whole>\d*)(?:[.](?<fraction>\d*))?(?<suffix>[A-Za-z]*|[eE][+-]?\d+)$/;
const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Record<string, bigint> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };

const WRONG_FORMAT =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const GRAMMAR = /^[+-]?[0-9.]+[eEinumkKMGTP]*[-+]?[0-9]*$/;
const WRONG_SUFFIX = "unable to parse quantity's suffix";

/** The quantity, or what Go says is wrong with its text. */
export function readQuantity(text: string): Quantity | string {
  const { sign, whole = '', fraction = '', suffix = '' } = SHAPE.exec(text)?.groups ?? {};
  if (!GRAMMAR.test(text)) return WRONG_FORMAT;
  if (sign === undefined || whole + fraction === '') return WRONG_FORMAT;
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  const binary = Object.hasOwn(BINARY, suffix) ? BINARY[suffix] : undefined;
  if (binary !== undefined)
    return capped(scaled(digits << binary, 9 - fraction.length), fraction === '' && digits < 2n ** 53n);
  const exponent = exponentOf(suffix);
  if (exponent === undefined) return WRONG_SUFFIX;
  return capped(scaled(digits, 9 + exponent - fraction.length), (whole + fraction).length <= 18);
}

function exponentOf(suffix: string): number | undefined {
  if (Object.hasOwn(DECIMAL, suffix)) return DECIMAL[suffix];
  const digits = /^[eE]([+-]?\d{1,3})$/.exec(suffix)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Times a power of ten; what is smaller than a billionth is rounded away from zero, as upstream rounds up. */
function scaled(value: bigint, exponent: number): bigint {
  if (exponent >= 0) return value * 10n ** BigInt(exponent);
  const divisor = 10n ** BigInt(-exponent);
  const rest = value % divisor;
  return value / divisor + (rest > 0n ? 1n : rest < 0n ? -1n : 0n);
}

function capped(nanos: bigint, small: boolean): Quantity {
  if (nanos > MAX) return new Quantity(MAX, false);
  return nanos < -MAX ? new Quantity(-MAX, false) : new Quantity(nanos, small);
}
