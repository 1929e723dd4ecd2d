type Path = readonly (string | number)[];

/** Reads typed values out of parsed YAML and reports what is not as it should be, with the path to it. */
export class ScriptReader {
  readonly problem: (path: Path, problem: string) => void;

  constructor(problem: (path: Path, problem: string) => void) {
    this.problem = problem;
  }

  /** An object; with `known`, any other key is reported, since a misspelt one would change nothing in silence. */
  object(value: unknown, path: Path, known?: readonly string[]): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problem(path, 'must be a mapping');
      return {};
    }
    for (const key of known === undefined ? [] : Object.keys(value)) {
      if (!known?.includes(key)) {
        this.problem([...path, key], `unknown field; known are ${known?.join(', ')}`);
      }
    }
    return value as Record<string, unknown>;
  }

  list(value: unknown, path: Path): unknown[] {
    if (Array.isArray(value)) return value;
    this.problem(path, 'must be a list');
    return [];
  }

  text(value: unknown, path: Path): string | undefined {
    if (value === undefined || typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    this.problem(path, 'must be a text');
    return undefined;
  }

  /** One text or a list of texts. */
  texts(value: unknown, path: Path): string[] | undefined {
    if (value === undefined) return undefined;
    const items = Array.isArray(value) ? value : [value];
    return items.map((item, index) => this.text(item, Array.isArray(value) ? [...path, index] : path) ?? '');
  }

  flag(value: unknown, path: Path): boolean | undefined {
    if (value === undefined || typeof value === 'boolean') return value;
    this.problem(path, 'must be true or false');
    return undefined;
  }

  integer(value: unknown, path: Path, range: { min: number; max?: number }): number | undefined {
    if (value === undefined) return undefined;
    const { min, max = Number.MAX_SAFE_INTEGER } = range;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    this.problem(
      path,
      `must be a whole number of ${min} or more${range.max === undefined ? '' : `, at most ${max}`}`,
    );
    return undefined;
  }

  oneOf(value: unknown, path: Path, allowed: readonly string[]): string | undefined {
    if (value === undefined || (typeof value === 'string' && allowed.includes(value))) return value;
    this.problem(path, `must be one of ${allowed.join(', ')}`);
    return undefined;
  }

  /** `250ms`, `1.5s`, `2m`, or a number of milliseconds. Returns milliseconds. */
  duration(value: unknown, path: Path): number | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= 0) return value;
    const parsed = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(value) : null;
    if (parsed === null) {
      this.problem(path, 'must be a duration such as 250ms, 1.5s or 2m');
      return undefined;
    }
    const unit = { ms: 1, s: 1000, m: 60_000 }[parsed[2] as 'ms' | 's' | 'm'];
    return Number(parsed[1]) * unit;
  }
}
