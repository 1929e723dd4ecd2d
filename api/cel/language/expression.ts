/**
 * An expression as cel-go sees it after parsing: macros are expanded into folds. The checker, the estimator of costs
 * and the evaluator all walk this one shape, so that types, costs and texts come out as upstream's.
 */
export type Expression = { readonly id: number; readonly offset: number } & (
  | {
      readonly kind: 'call';
      readonly fn: string;
      readonly target: Expression | undefined;
      readonly args: readonly Expression[];
    }
  | { readonly kind: 'const'; readonly value: ConstantValue }
  | { readonly kind: 'ident'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'select'; readonly operand: Expression; readonly field: string; readonly test: boolean }
  | Fold
);

export type ExpressionOf<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

/** A comprehension. */
export interface Fold {
  readonly kind: 'fold';
  readonly range: Expression;
  readonly variables: readonly string[];
  readonly accumulator: string;
  readonly init: Expression;
  readonly condition: Expression;
  readonly step: Expression;
  readonly result: Expression;
}

/** The expressions that an expression is made of, in the order of its fields. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'call':
      return expression.target === undefined ? expression.args : [expression.target, ...expression.args];
    case 'select':
      return [expression.operand];
    case 'list':
      return expression.items;
    case 'map':
      return expression.entries.flat();
    case 'fold':
      return [expression.range, expression.init, expression.condition, expression.step, expression.result];
    case 'const':
    case 'ident':
      return [];
  }
}

export class UnsignedInteger {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

export type ConstantValue = UnsignedInteger | Uint8Array | bigint | boolean | number | string | null;

/** Not an identifier that anyone can write. */
export const ACCUMULATOR = '@result';
