import type { CheckedExpression } from '../checking/check-expression.ts';
import { compileCall } from './compile-call.ts';
import { compileFold } from './compile-fold.ts';
import { Evaluation, UNLIMITED } from '../values/evaluation.ts';
import { EvaluationError, fail, noSuchOverload } from '../values/evaluation-error.ts';
import type { Expression, ExpressionOf } from '../language/expression.ts';
import { findOptional, isAttribute } from './program.ts';
import type { ExpressionCompiler, Program, Slots } from './program.ts';
import { fits } from '../values/runtime-type.ts';
import { LIST_COST, MAP_COST } from '../costs/runtime-cost.ts';
import { CelList, LiteralMap, OptionalValue, TypeValue, isMap } from '../values/value.ts';
import type { Value } from '../values/value.ts';

const CONVERSIONS = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'dyn',
  'int',
  'string',
  'timestamp',
  'type',
  'uint',
]);

/** Turns a checked expression into closures that charge what upstream's interpreter charges. */
export function compileExpression(checked: CheckedExpression, slots: Slots): Program {
  return new Compiler(checked).compile(checked.root, slots);
}

class Compiler implements ExpressionCompiler {
  readonly checked: CheckedExpression;

  constructor(checked: CheckedExpression) {
    this.checked = checked;
  }

  compile(expression: Expression, slots: Slots): Program {
    const constant = this.constantOf(expression);
    if (constant !== undefined) return () => constant;
    switch (expression.kind) {
      case 'const':
        return () => expression.value;
      case 'ident':
        return identifier(expression.name, slots);
      case 'select':
        return this.#select(expression, slots);
      case 'call':
        return compileCall(this, expression, slots);
      case 'list':
        return this.#list(expression, slots);
      case 'map':
        return this.#map(expression, slots);
      case 'fold':
        return compileFold(this, expression, slots);
    }
  }

  /** The operand of a selection: what is not a variable or a part of one costs one more to look into. */
  compileOperand(operand: Expression, slots: Slots): Program {
    const run = this.compile(operand, slots);
    if (isAttribute(operand)) return run;
    return (evaluation) => {
      const value = run(evaluation);
      evaluation.charge(1);
      return value;
    };
  }

  /** Literals of literals are made once and cost nothing, as upstream's optimiser has it. */
  constantOf(expression: Expression): Value | undefined {
    if (expression.kind === 'const') return expression.value;
    if (expression.kind === 'list') {
      const items = expression.items.map((item) => this.constantOf(item));
      return items.every((item) => item !== undefined) ? new CelList(items) : undefined;
    }
    if (expression.kind === 'call') return this.#constantConversion(expression);
    return expression.kind === 'map' ? this.#constantMap(expression) : undefined;
  }

  /** A conversion of a literal is made once; one that fails makes the rule fail before it is run. */
  #constantConversion({ fn, target, args, ...node }: ExpressionOf<'call'>): Value | undefined {
    const [arg] = args;
    if (!CONVERSIONS.has(fn) || target !== undefined || arg === undefined || args.length > 1)
      return undefined;
    const value = this.constantOf(arg);
    if (value === undefined) return undefined;
    const overloads = this.checked.overloadsOf({ fn, target, args, ...node }) ?? [];
    const overload = overloads.find(({ params: [param] }) => param !== undefined && fits(value, param));
    return overload?.run([value], new Evaluation([], UNLIMITED));
  }

  #constantMap({ entries }: ExpressionOf<'map'>): Value | undefined {
    const map = new LiteralMap();
    for (const [key, value] of entries) {
      const constants = [this.constantOf(key), this.constantOf(value)] as const;
      if (constants[0] === undefined || constants[1] === undefined || map.has(constants[0])) return undefined;
      map.set(constants[0], constants[1]);
    }
    return map;
  }

  #select(expression: ExpressionOf<'select'>, slots: Slots): Program {
    const { field, test } = expression;
    const operand = this.compileOperand(expression.operand, slots);
    if (test) return (evaluation) => hasField(operand(evaluation), field);
    const type = timeTypes[`${(expression.operand as { field?: string }).field}.${field}`];
    if (type !== undefined && this.checked.typeOf(expression).kind === 'type') return () => type;
    return (evaluation) => {
      const value = operand(evaluation);
      evaluation.charge(1);
      return selectField(value, field);
    };
  }

  #list({ items }: ExpressionOf<'list'>, slots: Slots): Program {
    const programs = items.map((item) => this.compile(item, slots));
    return (evaluation) => {
      const values = programs.map((run) => run(evaluation));
      evaluation.charge(LIST_COST);
      return new CelList(values);
    };
  }

  #map({ entries }: ExpressionOf<'map'>, slots: Slots): Program {
    const programs = entries.map(
      ([key, value]) => [this.compile(key, slots), this.compile(value, slots)] as const,
    );
    return (evaluation) => {
      const map = new LiteralMap();
      for (const [key, value] of programs) map.set(key(evaluation), value(evaluation));
      evaluation.charge(MAP_COST);
      return map;
    };
  }
}

function identifier(name: string, slots: Slots): Program {
  const slot = slots.names.get(name);
  if (slot === undefined) {
    const type = new TypeValue(name);
    return () => type;
  }
  return (evaluation) => {
    evaluation.charge(1);
    const value: unknown = evaluation.variables[slot];
    // A fold goes on after an error, which another item may make good.
    if (value instanceof EvaluationError) throw value;
    return value as Value;
  };
}

const timeTypes: Record<string, TypeValue> = {
  'protobuf.Timestamp': new TypeValue('google.protobuf.Timestamp'),
  'protobuf.Duration': new TypeValue('google.protobuf.Duration'),
};

function selectField(value: Value, field: string): Value {
  if (value instanceof OptionalValue) return findOptional(value, field);
  if (!isMap(value)) return noSuchOverload();
  return value.find(field) ?? missing(value.find(field), field);
}

/** `??` takes null for missing. */
function missing(found: Value | undefined, field: string): Value {
  return found === undefined ? fail(`no such key: ${field}`) : found;
}

function hasField(value: Value, field: string): boolean {
  const inner = value instanceof OptionalValue ? value.value : value;
  if (inner === undefined) return false;
  return isMap(inner) ? inner.find(field) !== undefined : noSuchOverload();
}
