import { Environment, ParseError } from '@marcbachmann/cel-js';
import { ExpressionError } from './expression-error.ts';
import { UnsignedInteger } from './expression.ts';
import type { ConstantValue, Expression } from './expression.ts';
import { expandMacro } from './macros.ts';

/**
 * The library reads the text; what it means is ours, since its types, errors and lack of costs differ from cel-go.
 * This turns its tree into cel-go's: operators become functions, macros folds, and every node knows the place in the
 * text that cel-go reports for it, which for an operator is the operator itself.
 *
 * @throws ExpressionError
 */
export function parseExpression(source: string): Expression {
  const size = Array.from(source).length;
  if (size > MAX_SIZE)
    throw new ExpressionError([
      { offset: 0, message: `expression code point size exceeds limit: size: ${size}, limit ${MAX_SIZE}` },
    ]);
  return new Converter(source).convert(parseSource(source));
}

/** As cel-go's parser has it by default. */
const MAX_SIZE = 100_000;

/** The depth of cel-go; the size of an expression is bounded by the size of a request. */
const LIMITS = { maxAstNodes: 200_000, maxDepth: 250, maxListElements: 100_000, maxMapEntries: 100_000 };
const library = new Environment({ enableOptionalTypes: true, unlistedVariablesAreDyn: true, limits: LIMITS });

/** A node of the library (its lib/parser.js), of which its types say little. */
interface SourceNode {
  readonly op: string;
  readonly args: unknown;
  readonly pos: number;
  readonly start: number;
  readonly end: number;
}

function parseSource(source: string): SourceNode {
  try {
    return library.parse(source).ast;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const offset = error.range?.start ?? 0;
    // The library expands macros too, and refuses what ours refuses, in other words.
    const macro = /^(?<name>\w+)\(/.exec(error.summary)?.groups?.['name'];
    if (error.code === 'invalid_macro_argument' && macro !== undefined) {
      const named = macro === 'map' || macro === 'filter';
      const message = named ? 'argument is not an identifier' : 'argument must be a simple name';
      throw new ExpressionError([
        { offset: operatorOf(error.node as unknown as SourceNode, source), message },
      ]);
    }
    throw new ExpressionError([{ offset, message: `Syntax error: ${error.summary}` }]);
  }
}

const MAX_TREE_DEPTH = 500;

/** `a && b && c`: three terms, two operators. */
interface LogicChain {
  readonly terms: readonly SourceNode[];
  /** Where each is in the text. */
  readonly operators: readonly number[];
}

const UNARY: Record<string, string> = { '!_': '!_', '-_': '-_' };
const BINARY = new Set(['!=', '%', '*', '+', '-', '/', '<', '<=', '==', '>', '>=']);

class Converter {
  readonly #source: string;
  #nextId = 1;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  readonly id = (): number => this.#nextId++;

  readonly convert = (node: SourceNode): Expression => {
    this.#depth += 1;
    // Whatever reads the tree goes down as deep. A sum of so many parts gets here; cel-go has no such limit.
    if (this.#depth > MAX_TREE_DEPTH)
      throw new ExpressionError([{ offset: node.start, message: 'expression is nested too deep' }]);
    const converted = this.#convertNode(node);
    this.#depth -= 1;
    return converted;
  };

  #convertNode(node: SourceNode): Expression {
    const { op } = node;
    if (op === 'value') return this.#constant(node.start, constantOf(node.args));
    if (op === 'id') return { id: this.id(), offset: node.start, kind: 'ident', name: node.args as string };
    if (op in UNARY) return this.#unary(node);
    if (op === '&&' || op === '||') return this.#logic(node);
    if (BINARY.has(op)) return this.#binary(node, `_${op}_`);
    if (op === 'in') return this.#binary(node, '@in');
    if (op === '?:') return this.#ternary(node);
    if (op === '.' || op === '.?') return this.#select(node);
    if (op === '[]' || op === '[?]') return this.#index(node);
    if (op === 'call' || op === 'rcall') return this.#call(node);
    if (op === 'list') return this.#list(node);
    return this.#map(node);
  }

  #constant(offset: number, value: ConstantValue): Expression {
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value)
      throw new ExpressionError([{ offset, message: 'Syntax error: invalid int literal' }]);
    return { id: this.id(), offset, kind: 'const', value };
  }

  #unary(node: SourceNode): Expression {
    const operand = node.args as SourceNode;
    // A sign before a number is part of the literal, and two of an operator cancel each other.
    const isDirect = this.#source.slice(node.start + 1, operand.start).trim() === '';
    if (node.op === '-_' && operand.op === 'value' && isDirect) {
      const value = constantOf(operand.args);
      if (typeof value === 'number' || typeof value === 'bigint') return this.#constant(node.start, -value);
    }
    if (operand.op === node.op && isDirect) return this.convert(operand.args as SourceNode);
    return this.#operation(node.start, node.op, [operand]);
  }

  #binary(node: SourceNode, fn: string): Expression {
    const [left, right] = node.args as [SourceNode, SourceNode];
    return this.#operation(this.#tokenAfter(left.end), fn, [left, right]);
  }

  /** Chains of one operator become a balanced tree (cel-go parser/helper.go logicManager), so that long ones are not deep. */
  #logic(node: SourceNode): Expression {
    const terms: SourceNode[] = [];
    const operators: number[] = [];
    let first = node;
    for (; first.op === node.op; [first] = first.args as [SourceNode, SourceNode]) {
      const [left, right] = first.args as [SourceNode, SourceNode];
      terms.push(right);
      operators.push(this.#tokenAfter(left.end));
    }
    const chain = { terms: [first, ...terms.toReversed()], operators: operators.toReversed() };
    return this.#balanced(`_${node.op}_`, chain, [0, chain.operators.length - 1]);
  }

  #balanced(fn: string, chain: LogicChain, [from, to]: readonly [number, number]): Expression {
    const middle = Math.floor((from + to + 1) / 2);
    const term = (index: number): Expression => this.convert(chain.terms[index] as SourceNode);
    const left = middle === from ? term(middle) : this.#balanced(fn, chain, [from, middle - 1]);
    const right = middle === to ? term(middle + 1) : this.#balanced(fn, chain, [middle + 1, to]);
    const offset = chain.operators[middle] ?? 0;
    return { id: this.id(), offset, kind: 'call', fn, target: undefined, args: [left, right] };
  }

  #ternary(node: SourceNode): Expression {
    const parts = node.args as SourceNode[];
    return this.#operation(this.#tokenAfter(parts[0]?.end ?? 0), '_?_:_', parts);
  }

  #operation(offset: number, fn: string, args: SourceNode[]): Expression {
    return { id: this.id(), offset, kind: 'call', fn, target: undefined, args: args.map(this.convert) };
  }

  #select(node: SourceNode): Expression {
    const [operand, field] = node.args as [SourceNode, string];
    const offset = this.#source.lastIndexOf('.', node.pos);
    const inner = this.convert(operand);
    const at = { id: this.id(), offset };
    if (node.op === '.') return { ...at, kind: 'select', operand: inner, field, test: false };
    const name = this.#constant(node.pos, field);
    return { ...at, kind: 'call', fn: '_?._', target: undefined, args: [inner, name] };
  }

  #index(node: SourceNode): Expression {
    const [operand, index] = node.args as [SourceNode, SourceNode];
    const fn = node.op === '[]' ? '_[_]' : '_[?_]';
    return this.#operation(this.#tokenAfter(operand.end), fn, [operand, index]);
  }

  #call(node: SourceNode): Expression {
    const [fn, ...rest] = node.args as [string, ...unknown[]];
    const receiver = node.op === 'rcall' ? (rest[0] as SourceNode) : undefined;
    const args = (rest.at(-1) as SourceNode[]).map(this.convert);
    const from = receiver === undefined ? node.start : this.#tokenAfter(receiver.end);
    const offset = this.#source.indexOf('(', from);
    const target = receiver === undefined ? undefined : this.convert(receiver);
    const call = { id: this.id(), offset, kind: 'call' as const, fn, target, args };
    return expandMacro(call, this.id) ?? call;
  }

  #list(node: SourceNode): Expression {
    const items = (node.args as SourceNode[]).map(this.convert);
    return { id: this.id(), offset: node.start, kind: 'list', items };
  }

  #map(node: SourceNode): Expression {
    const entries = (node.args as [SourceNode, SourceNode][]).map(
      ([key, value]) => [this.convert(key), this.convert(value)] as const,
    );
    return { id: this.id(), offset: node.start, kind: 'map', entries };
  }

  /** Where the next token begins after the end of an operand, whose closing parentheses are not in its node. */
  #tokenAfter(end: number): number {
    let at = end;
    for (;;) {
      if (this.#source.startsWith('//', at)) at = lineEnd(this.#source, at);
      const char = this.#source[at];
      if (char === undefined || !' \t\n\r\f)'.includes(char)) return at;
      at += 1;
    }
  }
}

function lineEnd(source: string, at: number): number {
  const end = source.indexOf('\n', at);
  return end === -1 ? source.length : end;
}

function constantOf(value: unknown): ConstantValue {
  // The library's own class of unsigned numbers, which it does not export.
  if (typeof value === 'object' && value !== null && 'value' in value)
    return new UnsignedInteger(value.value as bigint);
  return value as ConstantValue;
}

/** The place of a node that is not converted: that of its operator. */
function operatorOf(node: SourceNode, source: string): number {
  return new Converter(source).convert(node).offset;
}
