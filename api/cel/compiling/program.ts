import type { CheckedExpression } from '../checking/check-expression.ts';
import { noSuchOverload } from '../values/evaluation-error.ts';
import type { Evaluation } from '../values/evaluation.ts';
import type { Expression } from '../language/expression.ts';
import { OptionalValue, isMap } from '../values/value.ts';
import type { Value } from '../values/value.ts';

/** Runs one node of an expression. */
export type Program = (evaluation: Evaluation) => Value;

/** The variables of a place in an expression: where each is kept while it runs. */
export class Slots {
  readonly names: ReadonlyMap<string, number>;
  readonly next: number;

  constructor(names: ReadonlyMap<string, number>, next: number) {
    this.names = names;
    this.next = next;
  }

  with(...names: string[]): Slots {
    const added = names.map((name, index) => [name, this.next + index] as const);
    return new Slots(new Map([...this.names, ...added]), this.next + names.length);
  }
}

/** What the parts of the compiler need of the whole. */
export interface ExpressionCompiler {
  readonly checked: CheckedExpression;
  compile(expression: Expression, slots: Slots): Program;
  compileOperand(operand: Expression, slots: Slots): Program;
  constantOf(expression: Expression): Value | undefined;
}

const ATTRIBUTE_CALLS = new Set(['_[_]', '_?._', '_[?_]', '_?_:_']);

/** What upstream resolves as a path of a variable. */
export function isAttribute(expression: Expression): boolean {
  if (expression.kind === 'call') return ATTRIBUTE_CALLS.has(expression.fn);
  return expression.kind === 'ident' || (expression.kind === 'select' && !expression.test);
}

export function findOptional(value: Value, field: string): OptionalValue {
  const inner = value instanceof OptionalValue ? value.value : value;
  if (inner === undefined) return OptionalValue.none;
  if (!isMap(inner)) return inner === null ? OptionalValue.none : noSuchOverload();
  const found = inner.find(field);
  return found === undefined ? OptionalValue.none : new OptionalValue(found);
}
