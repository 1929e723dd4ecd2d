import { ERROR_WORK } from '../values/evaluation.ts';
import { EvaluationError, fail, noSuchOverload } from '../values/evaluation-error.ts';
import type { Evaluation } from '../values/evaluation.ts';
import { ACCUMULATOR } from '../language/expression.ts';
import type { Expression, ExpressionOf } from '../language/expression.ts';
import { findOptional, isAttribute } from './program.ts';
import type { ExpressionCompiler as Compiler, Program, Slots } from './program.ts';
import type { Overload } from '../functions/function-declaration.ts';
import { findFunction } from '../functions/functions.ts';
import { costOf } from '../costs/runtime-cost.ts';
import { fits } from '../values/runtime-type.ts';
import { elementAt, requireElement } from '../functions/standard-functions.ts';
import { CelList, OptionalValue } from '../values/value.ts';
import type { Value } from '../values/value.ts';

type Call = ExpressionOf<'call'>;
type CompileCall = (compiler: Compiler, call: Call, slots: Slots) => Program;

export function compileCall(compiler: Compiler, call: Call, slots: Slots): Program {
  const special = Object.hasOwn(SPECIAL, call.fn) ? SPECIAL[call.fn] : undefined;
  return special?.(compiler, call, slots) ?? ordinary(compiler, call, slots);
}

/** A call whose arguments are all evaluated. */
function ordinary(compiler: Compiler, call: Call, slots: Slots): Program {
  const overloads = compiler.checked.overloadsOf(call) ?? [];
  const [first] = overloads;
  if (first === undefined) throw new Error(`${call.fn} was not checked`);
  const all = first.member && call.target !== undefined ? [call.target, ...call.args] : call.args;
  const args = all.map((arg) => compiler.compile(arg, slots));
  const isStatic = all.every((arg) => !['dyn', 'error', 'param'].includes(compiler.checked.typeOf(arg).kind));
  if (
    overloads.length === 1 &&
    (isStatic || first.params.every(({ kind }) => kind === 'param' || kind === 'dyn'))
  )
    return direct(first, args);
  return dispatched(first, args);
}

function direct(overload: Overload, args: readonly Program[]): Program {
  const call = { run: overload.run, cost: costOf(overload) };
  return (evaluation) => charged(argumentsOf(args, call, evaluation), call, evaluation);
}

interface Costed {
  readonly run: Overload['run'];
  readonly cost: ReturnType<typeof costOf>;
}

/** Upstream evaluates and charges for all arguments, also after one of them failed, and for the call that failed. */
function argumentsOf(
  args: readonly Program[],
  { cost }: Pick<Costed, 'cost'>,
  evaluation: Evaluation,
): Value[] {
  const values: Value[] = [];
  let failed: EvaluationError | undefined;
  for (const arg of args) {
    try {
      values.push(arg(evaluation));
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      failed ??= error;
      values.push(null);
    }
  }
  if (failed === undefined) return values;
  evaluation.charge(cost(values, null));
  return fail(failed.message);
}

function charged(values: readonly Value[], { run, cost }: Costed, evaluation: Evaluation): Value {
  let result: Value;
  try {
    result = run(values, evaluation);
  } catch (error) {
    if (error instanceof EvaluationError) evaluation.charge(cost(values, null));
    throw error;
  }
  evaluation.charge(cost(values, result));
  return result;
}

/** Functions that need a trait of their argument; upstream names those in its error, and no others. */
const named = new Set(['size', '-_']);

/** int-or-string and the like: only the values tell which overload it is. */
function dispatched(sample: Overload, args: readonly Program[]): Program {
  const candidates = (findFunction(sample.fn) ?? [])
    .filter(({ member, params }) => member === sample.member && params.length === args.length)
    .map((overload) => ({ overload, cost: costOf(overload) }));
  return (evaluation) => {
    const values = argumentsOf(args, { cost: () => 1 }, evaluation);
    for (const { overload, cost } of candidates)
      if (overload.params.every((param, index) => fits(values[index] ?? null, param)))
        return charged(values, { run: overload.run, cost }, evaluation);
    evaluation.charge(1);
    return fail(named.has(sample.fn) ? `no such overload: ${sample.fn}` : 'no such overload');
  };
}

const argument = (call: Call, index: number): Expression => call.args[index] ?? call;

function conditional(compiler: Compiler, call: Call, slots: Slots): Program {
  const [condition, whenTrue, whenFalse] = [0, 1, 2].map((index) =>
    compiler.compile(argument(call, index), slots),
  );
  if (condition === undefined || whenTrue === undefined || whenFalse === undefined) return () => null;
  const paths = call.args.map((arg) => isAttribute(arg) && !(arg.kind === 'call' && arg.fn === '_?_:_'));
  return (evaluation) => {
    const value = condition(evaluation);
    if (typeof value !== 'boolean') return noSuchOverload();
    const branch = value ? 1 : 2;
    // A path that is a branch is resolved as part of the whole, without the cost of its variable.
    if (paths[branch] === true) evaluation.charge(-1);
    return value ? whenTrue(evaluation) : whenFalse(evaluation);
  };
}

/** `&&` and `||`: an error counts only when no other side decides. */
const logical =
  (decisive: boolean): CompileCall =>
  (compiler, call, slots) => {
    const left = compiler.compile(argument(call, 0), slots);
    const right = compiler.compile(argument(call, 1), slots);
    return (evaluation) => {
      const a = attempt(left, evaluation);
      if (a === decisive) return decisive;
      const b = attempt(right, evaluation);
      if (b === decisive) return decisive;
      for (const side of [a, b]) if (side instanceof EvaluationError) return fail(side.message);
      return typeof a === 'boolean' && typeof b === 'boolean' ? !decisive : noSuchOverload();
    };
  };

function attempt(run: Program, evaluation: Evaluation): EvaluationError | Value {
  try {
    return run(evaluation);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    evaluation.labour(ERROR_WORK);
    return error;
  }
}

function notStrictlyFalse(compiler: Compiler, call: Call, slots: Slots): Program {
  const run = compiler.compile(argument(call, 0), slots);
  return (evaluation) => {
    const value = attempt(run, evaluation);
    evaluation.charge(1);
    return value !== false;
  };
}

/** What a fold gathers is not copied for every item. */
function append(compiler: Compiler, call: Call, slots: Slots): Program | undefined {
  const [accumulator, added] = call.args;
  if (accumulator?.kind !== 'ident' || accumulator.name !== ACCUMULATOR || added?.kind !== 'list')
    return undefined;
  const list = compiler.compile(accumulator, slots);
  const item = compiler.compile(added.items[0] ?? added, slots);
  const isConstant = compiler.constantOf(added) !== undefined;
  return (evaluation) => {
    const gathered = list(evaluation) as CelList;
    const value = item(evaluation);
    evaluation.charge(isConstant ? 1 : 11);
    (gathered.raw as Value[]).push(value);
    return gathered;
  };
}

function index(compiler: Compiler, call: Call, slots: Slots): Program {
  const { container, key, own } = element(compiler, call, slots);
  return (evaluation) => {
    const value = container(evaluation);
    const at = key(evaluation);
    evaluation.charge(own);
    return value instanceof OptionalValue ? optionalElement(value, at) : requireElement(value, at);
  };
}

function optionalIndex(compiler: Compiler, call: Call, slots: Slots): Program {
  const { container, key, own } = element(compiler, call, slots);
  return (evaluation) => {
    const value = container(evaluation);
    const at = key(evaluation);
    const found = optionalElement(value, at);
    if (found.value !== undefined) evaluation.charge(own);
    return found;
  };
}

function element(
  compiler: Compiler,
  call: Call,
  slots: Slots,
): { container: Program; key: Program; own: number } {
  const container = compiler.compileOperand(argument(call, 0), slots);
  const keyExpression = argument(call, 1);
  const isConstant = compiler.constantOf(keyExpression) !== undefined;
  const key =
    isConstant || isAttribute(keyExpression)
      ? compiler.compile(keyExpression, slots)
      : compiler.compileOperand(keyExpression, slots);
  // A variable as an index has its own cost, a literal has that of the step.
  return { container, key, own: isConstant ? 1 : 0 };
}

function optionalElement(value: Value, at: Value): OptionalValue {
  const inner = value instanceof OptionalValue ? value.value : value;
  if (inner === undefined) return OptionalValue.none;
  const found = elementAt(inner, at);
  return found === undefined ? OptionalValue.none : new OptionalValue(found);
}

function optionalSelect(compiler: Compiler, call: Call, slots: Slots): Program {
  const operand = compiler.compileOperand(argument(call, 0), slots);
  const name = argument(call, 1);
  const field = name.kind === 'const' ? String(name.value) : '';
  return (evaluation) => {
    const value = operand(evaluation);
    const found = findOptional(value, field);
    if (found.value !== undefined) evaluation.charge(1);
    return found;
  };
}

const orElse =
  (unwrap: boolean): CompileCall =>
  (compiler, call, slots) => {
    const optional = compiler.compile(call.target ?? call, slots);
    const other = compiler.compile(argument(call, 0), slots);
    return (evaluation) => {
      const value = optional(evaluation);
      if (!(value instanceof OptionalValue)) return noSuchOverload();
      if (value.value === undefined) return other(evaluation);
      return unwrap ? value.value : value;
    };
  };

/** Membership in a list of literals is looked up, not searched, and upstream's costs know that. */
function membership(compiler: Compiler, call: Call, slots: Slots): Program | undefined {
  const list = compiler.constantOf(argument(call, 1));
  if (!(list instanceof CelList)) return undefined;
  const items = new Set(list);
  if (![...items].every((item) => typeof item === 'string' || typeof item === 'bigint')) return undefined;
  const item = compiler.compile(argument(call, 0), slots);
  return (evaluation) => items.has(item(evaluation));
}

const SPECIAL: Record<string, (compiler: Compiler, call: Call, slots: Slots) => Program | undefined> = {
  '_?_:_': conditional,
  '_&&_': logical(false),
  '_||_': logical(true),
  '@not_strictly_false': notStrictlyFalse,
  '_+_': append,
  '_[_]': index,
  '_[?_]': optionalIndex,
  '_?._': optionalSelect,
  or: orElse(false),
  orValue: orElse(true),
  '@in': membership,
};
