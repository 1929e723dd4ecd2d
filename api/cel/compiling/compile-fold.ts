import { ERROR_WORK } from '../values/evaluation.ts';
import { EvaluationError, noSuchOverload } from '../values/evaluation-error.ts';
import type { Evaluation } from '../values/evaluation.ts';
import type { Expression, ExpressionOf } from '../language/expression.ts';
import type { ExpressionCompiler as Compiler, Program, Slots } from './program.ts';
import { CelList, LiteralMap, isMap } from '../values/value.ts';
import type { Value } from '../values/value.ts';

/** Loops: every pass costs what its condition and its step cost. */
export function compileFold(compiler: Compiler, fold: ExpressionOf<'fold'>, slots: Slots): Program {
  const inner = slots.with(fold.accumulator);
  const loop = inner.with(...fold.variables);
  const accumulator = slots.next;
  const range = compiler.compile(fold.range, slots);
  const init = initial(compiler, fold.init, slots);
  const condition = compiler.compile(fold.condition, loop);
  const step = compiler.compile(fold.step, loop);
  const result = compiler.compile(fold.result, inner);
  const setItem = itemSetter(fold.variables.length, accumulator + 1);
  return (evaluation) => {
    const over = range(evaluation);
    const { variables } = evaluation;
    const items = iterated(over);
    variables[accumulator] = init(evaluation);
    let position = 0;
    for (const item of items) {
      setItem(variables, { over, item, position });
      position += 1;
      if (condition(evaluation) !== true) break;
      // An error is a value to the fold: a later item may still decide all() and exists().
      variables[accumulator] = attempted(step, evaluation) as Value;
    }
    return result(evaluation);
  };
}

function attempted(step: Program, evaluation: Evaluation): unknown {
  try {
    return step(evaluation);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    evaluation.labour(ERROR_WORK);
    return error;
  }
}

function iterated(over: Value): Iterable<Value> {
  if (over instanceof CelList) return over;
  return isMap(over) ? over.keys() : noSuchOverload();
}

interface Pass {
  over: Value;
  item: Value;
  position: number;
}

/** One variable: items of lists, keys of maps. Two: index or key first, then the value. */
function itemSetter(count: number, slot: number): (variables: Value[], pass: Pass) => void {
  if (count === 1)
    return (variables, { item }) => {
      variables[slot] = item;
    };
  return (variables, { over, item, position }) => {
    const isList = over instanceof CelList;
    variables[slot] = isList ? BigInt(position) : item;
    variables[slot + 1] = isMap(over) ? (over.find(item) ?? null) : item;
  };
}

/** What is gathered into must be new every time. */
function initial(compiler: Compiler, init: Expression, slots: Slots): Program {
  if (init.kind === 'list' && init.items.length === 0) return () => new CelList([]);
  if (init.kind === 'map' && init.entries.length === 0) return () => new LiteralMap();
  return compiler.compile(init, slots);
}
