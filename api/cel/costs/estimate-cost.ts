import type { CheckedExpression } from '../checking/check-expression.ts';
import { estimateCall } from './call-estimates.ts';
import { ONE, UNKNOWN_SIZE, ZERO, add, range, times, union } from './cost-estimate.ts';
import type { Estimated, Range } from './cost-estimate.ts';
import type { DeclaredType } from '../checking/declared-type.ts';
import { ACCUMULATOR } from '../language/expression.ts';
import type { ConstantValue, Expression, ExpressionOf } from '../language/expression.ts';
import type { Overload } from '../functions/function-declaration.ts';
import { LIST_COST, MAP_COST } from './runtime-cost.ts';

/** The worst that an expression can cost on any object of its schema (cel-go checker/cost.go). */
export function estimateCost(checked: CheckedExpression, self: DeclaredType): number {
  return new Estimator(checked, self).estimate(checked.root).cost.max;
}

/** What is known of a node: its cost, its size, and of which data of the schema it is. */
interface Known {
  readonly cost: Range;
  readonly size: Range | undefined;
  readonly data: DeclaredType | undefined;
  readonly entries?: Entries | undefined;
}

/** The sizes of what is in a literal list or map. */
interface Entries {
  readonly kind: 'list' | 'map';
  readonly key: Range;
  readonly value: Range;
}

type Variable = Omit<Known, 'cost'>;

class Estimator {
  readonly #checked: CheckedExpression;
  readonly #self: DeclaredType;
  #scope: Map<string, Variable>;

  constructor(checked: CheckedExpression, self: DeclaredType) {
    this.#checked = checked;
    this.#self = self;
    const variable = { size: sizeOf(self), data: self };
    this.#scope = new Map([
      ['self', variable],
      ['oldSelf', variable],
    ]);
  }

  estimate(expression: Expression): Known {
    switch (expression.kind) {
      case 'const':
        return { cost: ZERO, size: constantSize(expression.value), data: undefined };
      case 'ident': {
        const variable = this.#scope.get(expression.name);
        return { size: undefined, data: undefined, ...variable, cost: ONE };
      }
      case 'select':
        return this.#select(expression);
      case 'call':
        return this.#call(expression);
      case 'list':
        return this.#list(expression);
      case 'map':
        return this.#map(expression);
      case 'fold':
        return isBinding(expression) ? this.#binding(expression) : this.#fold(expression);
    }
  }

  #select({ operand, field, test }: ExpressionOf<'select'>): Known {
    const { cost, data } = this.estimate(operand);
    if (test) return { cost, size: undefined, data: undefined };
    const { kind } = this.#checked.typeOf(operand);
    const step = kind === 'map' || kind === 'object' ? ONE : ZERO;
    const inner = data === undefined ? this.#self : (data.fields?.get(field) ?? data.item);
    return { cost: add(cost, step), size: inner && sizeOf(inner), data: inner };
  }

  #call(call: ExpressionOf<'call'>): Known {
    const overloads = this.#checked.overloadsOf(call) ?? [];
    const isMember = overloads[0]?.member === true && call.target !== undefined;
    const all = isMember && call.target !== undefined ? [call.target, ...call.args] : call.args;
    const args = all.map((arg) => this.estimate(arg));
    if (call.fn === 'dyn') return { ...(args[0] ?? NOTHING), cost: add(args[0]?.cost ?? ZERO, ONE) };
    if (call.fn === '_?_:_') return conditional(args);
    const costs = add(...args.map(({ cost }) => cost));
    if (call.fn === '_&&_' || call.fn === '_||_')
      return { cost: range(args[0]?.cost.min ?? 0, costs.max), size: undefined, data: undefined };
    if (call.fn === '_==_' && this.#isCheapToCompare(call.args))
      return { cost: add(costs, ONE), size: undefined, data: undefined };
    const seen = args.map((arg, index) => this.#seen(all[index] ?? call, arg));
    const { cost, size } = estimated(overloads, seen);
    return { cost: add(costs, cost), ...this.#result(call.fn, args, size) };
  }

  /** Values of the libraries of Kubernetes (apiserver pkg/cel/library/cost.go); `!=` is not listed there. */
  #isCheapToCompare([left, right]: readonly Expression[]): boolean {
    if (left === undefined || right === undefined) return false;
    const { name } = this.#checked.typeOf(left);
    return CHEAP.has(name) && this.#checked.typeOf(right).name === name;
  }

  /** An element of a list or map has what is known of all of them. */
  #result(fn: string, [left, right]: readonly Known[], size: Range | undefined): Omit<Known, 'cost'> {
    if (fn === '_[_]') return variableOf(left?.data === undefined ? this.#self : left.data.item);
    const entries = fn === '_+_' ? (left?.entries ?? right?.entries) : undefined;
    return { size, data: undefined, entries };
  }

  /** Scalars are of size 1; what has a size that nobody knows may be of any. */
  #seen(expression: Expression, known: Known): Estimated {
    const { kind, params } = this.#checked.typeOf(expression);
    const isText = ['string', 'bytes'].includes(params[0]?.kind ?? '');
    const item = known.data?.item && sizeOf(known.data.item);
    return {
      size: known.size ?? (SCALARS.has(kind) ? ONE : UNKNOWN_SIZE),
      itemSize: isText ? (item ?? UNKNOWN_SIZE) : undefined,
      isList: kind === 'list',
    };
  }

  #list({ items }: ExpressionOf<'list'>): Known {
    const known = items.map((item) => this.estimate(item));
    const sizes = known.map((one, index) => this.#seen(items[index] ?? ANY, one).size);
    const value = sizes.length === 0 ? ZERO : sizes.reduce(union);
    const cost = add(range(LIST_COST), ...known.map((one) => one.cost));
    return { cost, size: range(items.length), data: undefined, entries: { kind: 'list', key: ONE, value } };
  }

  #map({ entries }: ExpressionOf<'map'>): Known {
    const keys = entries.map(([key]) => this.estimate(key));
    const values = entries.map(([, value]) => this.estimate(value));
    const all = (known: Known[], at: 0 | 1): Range =>
      known.length === 0
        ? ZERO
        : known.map((one, index) => this.#seen(entries[index]?.[at] ?? ANY, one).size).reduce(union);
    return {
      cost: add(range(MAP_COST), ...keys.map(({ cost }) => cost), ...values.map(({ cost }) => cost)),
      size: range(entries.length),
      data: undefined,
      entries: { kind: 'map', key: all(keys, 0), value: all(values, 1) },
    };
  }

  #fold(fold: ExpressionOf<'fold'>): Known {
    const over = this.estimate(fold.range);
    const init = this.estimate(fold.init);
    const outer = this.#scope;
    this.#scope = new Map([...outer, [fold.accumulator, init]]);
    const inner = this.#scope;
    this.#scope = new Map([...inner, ...this.#loopVariables(fold, over)]);
    const condition = this.estimate(fold.condition);
    const step = this.estimate(fold.step);
    this.#scope = inner;
    const result = this.estimate(fold.result);
    this.#scope = outer;
    const count = this.#seen(fold.range, over).size;
    const cost = add(over.cost, init.cost, times(count, add(condition.cost, step.cost)), result.cost);
    const gathers = fold.init.kind === 'list' || fold.init.kind === 'map';
    return {
      cost,
      size: gathers ? count : init.size,
      data: undefined,
      entries: gathers ? step.entries : undefined,
    };
  }

  #loopVariables(fold: ExpressionOf<'fold'>, over: Known): [string, Variable][] {
    const isList = (over.entries?.kind ?? this.#checked.typeOf(fold.range).kind) === 'list';
    // Of data that no path leads to, upstream takes the size of self; costs that are already admitted must stay.
    const value = variableOf(over.data === undefined ? this.#self : over.data.item);
    const key = isList
      ? { size: ONE, data: undefined }
      : variableOf(over.data === undefined ? this.#self : over.data.key);
    const [first = '', second] = fold.variables;
    if (second === undefined) return [[first, isList ? value : key]];
    return [
      [first, key],
      [second, value],
    ];
  }

  #binding(fold: ExpressionOf<'fold'>): Known {
    const init = this.estimate(fold.init);
    const outer = this.#scope;
    this.#scope = new Map([...outer, [fold.accumulator, init]]);
    const result = this.estimate(fold.result);
    this.#scope = outer;
    return { ...result, cost: add(range(LIST_COST), init.cost, result.cost) };
  }
}

const ANY: Expression = { id: 0, offset: 0, kind: 'const', value: null };
const NOTHING: Known = { cost: ZERO, size: undefined, data: undefined };
const CHEAP = new Set([
  'kubernetes.CIDR',
  'kubernetes.IP',
  'kubernetes.Quantity',
  'kubernetes.Semver',
  'kubernetes.URL',
]);
const SCALARS = new Set(['bool', 'double', 'duration', 'int', 'null', 'timestamp', 'type', 'uint']);

const sizeOf = ({ maxElements }: DeclaredType): Range => range(0, maxElements);

function variableOf(data: DeclaredType | undefined): Variable {
  return { size: data && sizeOf(data), data };
}

/** Which of the overloads it will be is not known. */
function estimated(
  overloads: readonly Overload[],
  args: readonly Estimated[],
): { cost: Range; size: Range | undefined } {
  let own: Range | undefined;
  let size: Range | undefined;
  for (const overload of overloads) {
    const estimate = estimateCall(overload, args);
    own = own === undefined ? estimate.cost : union(own, estimate.cost);
    if (estimate.size !== undefined) size = size === undefined ? estimate.size : union(size, estimate.size);
  }
  return { cost: own ?? ZERO, size };
}

function conditional([condition, whenTrue, whenFalse]: readonly Known[]): Known {
  if (condition === undefined || whenTrue === undefined || whenFalse === undefined) return NOTHING;
  const size = union(whenTrue.size ?? UNKNOWN_SIZE, whenFalse.size ?? UNKNOWN_SIZE);
  return {
    cost: add(condition.cost, union(whenTrue.cost, whenFalse.cost)),
    size,
    data: undefined,
    entries: whenTrue.entries ?? whenFalse.entries,
  };
}

function isBinding({ range: over, condition, accumulator }: ExpressionOf<'fold'>): boolean {
  return (
    over.kind === 'list' &&
    over.items.length === 0 &&
    condition.kind === 'const' &&
    condition.value === false &&
    accumulator !== ACCUMULATOR
  );
}

function constantSize(value: ConstantValue): Range {
  if (typeof value === 'string') return range(Array.from(value).length);
  if (value instanceof Uint8Array) return range(value.length);
  return ONE;
}
