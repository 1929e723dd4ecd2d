import type { ValidationRule } from '../../structural-schema/structural-schema.ts';
import { optionalOf } from '../language/cel-type.ts';
import type { CelType } from '../language/cel-type.ts';
import { checkExpression } from '../checking/check-expression.ts';
import type { CheckedExpression } from '../checking/check-expression.ts';
import { compileExpression } from '../compiling/compile-expression.ts';
import { CostExceeded, Evaluation } from '../values/evaluation.ts';
import { EvaluationError } from '../values/evaluation-error.ts';
import { ExpressionError, formatIssues } from '../language/expression-error.ts';
import { parseExpression } from '../language/parse-expression.ts';
import { Slots } from '../compiling/program.ts';
import type { Value } from '../values/value.ts';

/** A rule of a schema node, ready to run (apiextensions-apiserver schema/cel/compilation.go). */
export interface CompiledRule {
  readonly rule: ValidationRule;
  /** Undefined when the rule does not compile. */
  readonly condition?: CompiledExpression;
  readonly error?: string;
  readonly message?: CompiledExpression;
  readonly messageError?: string;
}

export interface CompiledExpression {
  readonly checked: CheckedExpression;
  /** Every variable of the place: self, then oldSelf. */
  run(variables: readonly [self: Value, oldSelf: Value], work: number): Outcome;
}

export interface Outcome {
  readonly cost: number;
  /** What it took beside its cost; see Evaluation.labour. */
  readonly work: number;
  readonly value?: Value;
  readonly error?: string;
}

/** What one call may cost: about a tenth of a second upstream. */
const PER_CALL_LIMIT = 1_000_000;

export function compileRule(rule: ValidationRule, self: CelType): CompiledRule | undefined {
  if (rule.rule.trim() === '') return undefined;
  const condition = compile(rule.rule, variablesOf(rule, self));
  if (typeof condition === 'string') return { rule, error: condition };
  if (condition.checked.type.kind !== 'bool')
    return { rule, error: 'cel expression must evaluate to a bool' };
  if (rule.messageExpression === undefined || rule.messageExpression === '') return { rule, condition };
  const message = compile(rule.messageExpression, variablesOf(rule, self));
  if (typeof message === 'string') return { rule, condition, messageError: `messageExpression ${message}` };
  if (message.checked.type.kind !== 'string')
    return { rule, condition, messageError: 'messageExpression must evaluate to a string' };
  return { rule, condition, message };
}

function variablesOf(rule: ValidationRule, self: CelType): Map<string, CelType> {
  const oldSelf = rule.optionalOldSelf === true ? optionalOf(self) : self;
  return new Map([
    ['self', self],
    ['oldSelf', oldSelf],
  ]);
}

const SLOTS = new Slots(
  new Map([
    ['self', 0],
    ['oldSelf', 1],
  ]),
  2,
);

/** The expression, or what is wrong with it. */
function compile(source: string, variables: ReadonlyMap<string, CelType>): CompiledExpression | string {
  try {
    const checked = checkExpression(parseExpression(source), variables);
    const program = compileExpression(checked, SLOTS);
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
