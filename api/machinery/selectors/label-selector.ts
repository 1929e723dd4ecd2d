import { labelValueProblems, qualifiedNameProblems } from '../object-name.ts';
import { badRequest } from '../status-error.ts';

/** A label selector as in `?labelSelector=` (apimachinery pkg/labels). */

export type LabelOperator = '!' | '!=' | '<' | '=' | '>' | 'exists' | 'in' | 'notin';

export interface LabelRequirement {
  key: string;
  operator: LabelOperator;
  values: string[];
}

export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  /** True for every object when there are no requirements. */
  matches(labels: Readonly<Record<string, string>> | undefined): boolean;
}

/** @throws StatusError BadRequest for a syntax error, naming what was found */
export function parseLabelSelector(text: string): LabelSelector {
  const requirements = new Parser(tokenize(text)).parse();
  // Sets of thousands of values may be asked of thousands of objects.
  const tests = requirements.map((one) => ({ ...one, set: new Set(one.values) }));
  return {
    requirements,
    matches: (labels) => tests.every((test) => satisfied(test, labels ?? {})),
  };
}

function satisfied(
  { key, operator, values, set }: LabelRequirement & { set: ReadonlySet<string> },
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case '=':
    case 'in':
      return value !== undefined && set.has(value);
    case '!=':
    case 'notin':
      return value === undefined || !set.has(value);
    case '>':
    case '<':
      return compares(value, operator, values[0] ?? '');
  }
}

/** As Go's strconv.ParseInt with 64 bits; undefined for what it refuses. */
function int64(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function compares(value: string | undefined, operator: '<' | '>', limit: string): boolean {
  const [a, b] = [int64(value ?? ''), int64(limit)];
  if (a === undefined || b === undefined) return false;
  return operator === '>' ? a > b : a < b;
}

const TOKEN = /\s*(==|!=|[!=<>(),]|[^\s!=<>(),]+)/y;

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const trimmed = text.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) tokens.push(TOKEN.exec(trimmed)?.[1] ?? '');
  return tokens;
}

const SPECIAL = new Set(['==', '!=', '!', '=', '<', '>', '(', ')', ',']);

/** Between requirements. */
function syntaxError(found: string | undefined, expected: string): Error {
  return badRequest(`found '${found ?? ''}', expected: ${expected}`);
}

/** Within one. */
function requirementError(found: string | undefined, expected: string): Error {
  return badRequest(`unable to parse requirement: found '${found ?? ''}'${expected}`);
}

function invalidRequirement(where: string, value: string, fault: string): Error {
  return badRequest(
    `unable to parse requirement: ${where}: Invalid value: ${JSON.stringify(value)}: ${fault}`,
  );
}

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    if (this.#tokens.length > 0 && !this.#isStart()) {
      throw syntaxError(this.#peek(), "!, identifier, or 'end of string'");
    }
    while (this.#at < this.#tokens.length) {
      requirements.push(checked(this.#requirement()));
      const next = this.#next();
      if (next === undefined) break;
      if (next !== ',') throw syntaxError(next, `',' or 'end of string'`);
      if (!this.#isStart()) throw syntaxError(this.#peek(), "identifier after ','");
    }
    return requirements;
  }

  #next(): string | undefined {
    return this.#tokens[this.#at++];
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #isStart(): boolean {
    const token = this.#peek();
    return token === '!' || (token !== undefined && !SPECIAL.has(token));
  }

  #requirement(): LabelRequirement {
    if (this.#peek() === '!') {
      this.#next();
      return { key: this.#key(), operator: '!', values: [] };
    }
    const key = this.#key();
    const operator = this.#peek();
    if (operator === undefined || operator === ',') return { key, operator: 'exists', values: [] };
    this.#next();
    return { key, ...this.#comparison(operator) };
  }

  #key(): string {
    const key = this.#next();
    if (key === undefined || SPECIAL.has(key)) throw requirementError(key, ', expected: identifier');
    const fault = qualifiedNameProblems(key);
    if (fault.length > 0) throw invalidRequirement('<nil>', key, fault.join('; '));
    return key;
  }

  #comparison(operator: string): { operator: LabelOperator; values: string[] } {
    if (operator === 'in' || operator === 'notin') return { operator, values: this.#set() };
    if (operator === '=' || operator === '==') return { operator: '=', values: [this.#value()] };
    if (operator === '!=' || operator === '<' || operator === '>')
      return { operator, values: [this.#value()] };
    throw requirementError(operator, ', expected: in, notin, =, ==, !=, gt, lt');
  }

  /** A value may be empty: `a=,b` selects an empty value of a. */
  #value(): string {
    const value = this.#peek();
    if (value === undefined || value === ',') return '';
    if (SPECIAL.has(value)) throw requirementError(value, ', expected: identifier');
    this.#next();
    return value;
  }

  #set(): string[] {
    const open = this.#next();
    if (open !== '(') throw requirementError(open, " expected: '('");
    const values: string[] = [];
    for (;;) {
      const value = this.#peek();
      if (value === ',' || value === ')') values.push('');
      else if (value === undefined || SPECIAL.has(value))
        throw requirementError(value, ", expected: ',', ')' or identifier");
      else {
        values.push(value);
        this.#next();
      }
      const end = this.#next();
      if (end === ')') return values;
      if (end !== ',') throw requirementError(end, ", expected: ',' or ')'");
    }
  }
}

function checked(requirement: LabelRequirement): LabelRequirement {
  const { key, operator, values } = requirement;
  for (const [index, value] of values.entries()) {
    const faults = labelValueProblems(value);
    if (faults.length > 0) throw invalidRequirement(`values[${index}][${key}]`, value, faults.join('; '));
    if ((operator === '<' || operator === '>') && int64(value) === undefined) {
      const fault = "for 'Gt', 'Lt' operators, the value must be an integer";
      throw invalidRequirement(`values[${index}]`, value, fault);
    }
  }
  return requirement;
}
