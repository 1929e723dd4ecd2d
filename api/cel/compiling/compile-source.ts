import type { CelType } from '../language/cel-type.ts';
import { checkExpression } from '../checking/check-expression.ts';
import type { CheckedExpression } from '../checking/check-expression.ts';
import { CostExceeded, Evaluation } from '../values/evaluation.ts';
import { EvaluationError } from '../values/evaluation-error.ts';
import { ExpressionError, formatIssues } from '../language/expression-error.ts';
import { parseExpression } from '../language/parse-expression.ts';
import type { Value } from '../values/value.ts';
import { compileExpression } from './compile-expression.ts';
import { Slots } from './program.ts';

export interface CompiledExpression {
  readonly checked: CheckedExpression;
  /** Values of the variables, in their order. */
  run(variables: readonly Value[], work: number): Outcome;
}

export interface Outcome {
  readonly cost: number;
  /** The work that it took beside its cost; see Evaluation.labour. */
  readonly work: number;
  readonly value?: Value;
  readonly error?: string;
}

/** The highest cost of one call: about a tenth of a second upstream. */
const PER_CALL_LIMIT = 1_000_000;

/** The expression, or what is wrong with it, in words for whoever wrote it. */
export function compileSource(
  source: string,
  variables: ReadonlyMap<string, CelType>,
): CompiledExpression | string {
  try {
    const checked = checkExpression(parseExpression(source), variables);
    const program = compileExpression(checked, slotsOf(variables));
    return {
      checked,
      run(values, work) {
        const evaluation = new Evaluation([...values], { cost: PER_CALL_LIMIT, work });
        return outcomeOf(evaluation, () => program(evaluation));
      },
    };
  } catch (error) {
    if (error instanceof ExpressionError) return `compilation failed: ${formatIssues(source, error.issues)}`;
    if (error instanceof RangeError) return 'compilation failed: expression is nested too deep';
    if (error instanceof EvaluationError) return `program instantiation failed: ${error.message}`;
    throw error;
  }
}

const slotsOf = (variables: ReadonlyMap<string, CelType>): Slots =>
  new Slots(new Map([...variables.keys()].map((name, index) => [name, index])), variables.size);

function outcomeOf(evaluation: Evaluation, run: () => Value): Outcome {
  try {
    const value = run();
    return { cost: evaluation.cost, work: evaluation.work, value };
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof CostExceeded)
      return { cost: evaluation.cost, work: evaluation.work, error: error.message };
    // Only an expression nested beyond reason gets here; it is refused, not the process.
    if (error instanceof RangeError)
      return { cost: evaluation.cost, work: evaluation.work, error: error.message };
    throw error;
  }
}
