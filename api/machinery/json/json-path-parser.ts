import { badRequest } from '../status-error.ts';

export type JsonPathStep =
  | { kind: 'field'; names: string[] }
  | { kind: 'index'; indices: number[] }
  | { kind: 'slice'; start: number | undefined; end: number | undefined; step: number }
  | { kind: 'wildcard' }
  | { kind: 'descendants' }
  | { kind: 'filter'; left: JsonPathOperand; operator: FilterOperator; right: JsonPathOperand | undefined };

/** `exists` has no right side. */
export type FilterOperator = '!=' | '<' | '<=' | '==' | '>' | '>=' | 'exists';

export type JsonPathOperand = { path: readonly JsonPathStep[] } | { value: unknown };

/** @throws StatusError BadRequest for a syntax error */
export function parseJsonPathSteps(text: string): JsonPathStep[] {
  const steps: JsonPathStep[] = [];
  let at = /^[$@]/.test(text) ? 1 : 0;
  while (at < text.length) {
    const part = text[at] === '[' ? parseBracket(text, at) : parseDotted(text, at);
    steps.push(...part.steps);
    at = part.end;
  }
  return steps;
}

interface Part {
  steps: JsonPathStep[];
  end: number;
}

function syntaxError(text: string, why: string): Error {
  return badRequest(`invalid jsonpath ${JSON.stringify(text)}: ${why}`);
}

const FIELD = /(?:\\.|[^.[\]\\{}\s])+/y;

/** `.name`, `..name`, `.*`, or `name` at the start. */
function parseDotted(text: string, start: number): Part {
  let at = start;
  const steps: JsonPathStep[] = [];
  if (text.startsWith('..', at)) {
    steps.push({ kind: 'descendants' });
    at += 2;
  } else if (text[at] === '.') at += 1;
  else if (at > 1) throw syntaxError(text, `unexpected ${JSON.stringify(text.slice(at))}`);
  if (at === text.length || text[at] === '[') return { steps, end: at };
  FIELD.lastIndex = at;
  const name = FIELD.exec(text)?.[0];
  if (name === undefined) throw syntaxError(text, `unexpected ${JSON.stringify(text.slice(at))}`);
  steps.push(
    name === '*' ? { kind: 'wildcard' } : { kind: 'field', names: [name.replaceAll(/\\(.)/g, '$1')] },
  );
  return { steps, end: FIELD.lastIndex };
}

function parseBracket(text: string, start: number): Part {
  const end = closingBracket(text, start);
  const inner = text.slice(start + 1, end).trim();
  return { steps: [parseSelection(inner, text)], end: end + 1 };
}

/** The index of the `]` that closes the `[` at `start`; quotes and nested brackets are skipped. */
function closingBracket(text: string, start: number): number {
  let depth = 0;
  let quote = '';
  for (let at = start; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote !== '') {
      if (char === '\\') at++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '[') depth++;
    else if (char === ']' && --depth === 0) return at;
  }
  throw syntaxError(text, 'unterminated array');
}

const SLICE = /^(-?\d*):(-?\d*)(?::(\d+))?$/;
const INDICES = /^-?\d+(\s*,\s*-?\d+)*$/;
const QUOTED = /^\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*(?:,|$)/;

function parseSelection(inner: string, text: string): JsonPathStep {
  if (inner === '*') return { kind: 'wildcard' };
  if (INDICES.test(inner)) return { kind: 'index', indices: inner.split(',').map(Number) };
  const slice = SLICE.exec(inner);
  if (slice !== null) {
    const [, from = '', to = '', step = '1'] = slice;
    const bound = (value: string): number | undefined => (value === '' ? undefined : Number(value));
    if (Number(step) === 0) throw syntaxError(text, 'step must be > 0');
    return { kind: 'slice', start: bound(from), end: bound(to), step: Number(step) };
  }
  const filter = /^\?\s*\((.*)\)$/s.exec(inner);
  return filter === null ? parseNames(inner, text) : parseFilter(filter[1] ?? '', text);
}

function parseNames(inner: string, text: string): JsonPathStep {
  const names: string[] = [];
  let rest = inner;
  while (rest !== '') {
    const match = QUOTED.exec(rest);
    if (match === null) throw syntaxError(text, `invalid array index ${inner}`);
    names.push((match[1] ?? match[2] ?? '').replaceAll(/\\(.)/g, '$1'));
    rest = rest.slice(match[0].length);
  }
  if (names.length === 0) throw syntaxError(text, 'empty brackets');
  return { kind: 'field', names };
}

const FILTER =
  /^\s*((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\[[^\]]*\]|[^=!<>"'])*?)\s*(==|!=|<=|>=|<|>)\s*(.*?)\s*$/s;

function parseFilter(inner: string, text: string): JsonPathStep {
  const match = FILTER.exec(inner);
  if (match === null) {
    return { kind: 'filter', left: parseOperand(inner.trim(), text), operator: 'exists', right: undefined };
  }
  const [, left = '', operator, right = ''] = match;
  return {
    kind: 'filter',
    left: parseOperand(left, text),
    operator: operator as FilterOperator,
    right: parseOperand(right, text),
  };
}

function parseOperand(operand: string, text: string): JsonPathOperand {
  if (/^[@$.]/.test(operand)) return { path: parseJsonPathSteps(operand) };
  const quoted = QUOTED.exec(operand);
  if (quoted !== null) return { value: (quoted[1] ?? quoted[2] ?? '').replaceAll(/\\(.)/g, '$1') };
  if (operand === 'true' || operand === 'false') return { value: operand === 'true' };
  if (/^-?\d+(\.\d+)?$/.test(operand)) return { value: Number(operand) };
  throw syntaxError(text, `unrecognized filter operand ${JSON.stringify(operand)}`);
}
