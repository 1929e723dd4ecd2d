import { formatType } from '../language/cel-type.ts';
import type { CelType } from '../language/cel-type.ts';
import { EvaluationError } from '../values/evaluation-error.ts';
import type { Issue } from '../language/expression-error.ts';
import { childrenOf } from '../language/expression.ts';
import type { Expression, ExpressionOf } from '../language/expression.ts';
import { templateProblem } from '../functions/format-function.ts';
import { compilePattern } from '../values/pattern.ts';
import { parseDuration, parseTimestamp } from '../values/time-text.ts';
import { sameType } from '../language/type-substitution.ts';

type TypeOf = (expression: Expression) => CelType;

/** Literals that would fail whenever they are evaluated, and lists of mixed types (cel-go cel/validator.go). */
export function literalIssues(root: Expression, typeOf: TypeOf): Issue[] {
  const issues: Issue[] = [];
  const visit = (expression: Expression, mayMix: boolean): void => {
    issues.push(...callIssues(expression, typeOf));
    if (!mayMix) issues.push(...mixedTypes(expression, typeOf));
    // The arguments of format() are of any types.
    const childMayMix = mayMix || (expression.kind === 'call' && expression.fn === 'format');
    for (const child of childrenOf(expression)) visit(child, childMayMix);
  };
  visit(root, false);
  return issues;
}

function mixedTypes(expression: Expression, typeOf: TypeOf): Issue[] {
  if (expression.kind === 'list') return firstMismatch(expression.items, typeOf);
  if (expression.kind !== 'map') return [];
  const keys = expression.entries.map(([key]) => key);
  const values = expression.entries.map(([, value]) => value);
  return [...firstMismatch(keys, typeOf), ...firstMismatch(values, typeOf)];
}

function firstMismatch(items: readonly Expression[], typeOf: TypeOf): Issue[] {
  const [first, ...rest] = items;
  if (first === undefined) return [];
  const expected = typeOf(first);
  const other = rest.find((item) => !sameType(typeOf(item), expected));
  if (other === undefined) return [];
  const message = `expected type '${formatType(expected)}' but found '${formatType(typeOf(other))}'`;
  return [{ offset: other.offset, message }];
}

const CHECKS: Record<string, (text: string) => boolean> = {
  duration: (text) => parseDuration(text) !== undefined,
  timestamp: (text) => parseTimestamp(text) !== undefined,
  matches: isPattern,
};

function isPattern(text: string): boolean {
  try {
    return compilePattern(text) !== undefined;
  } catch (error) {
    if (error instanceof EvaluationError) return false;
    throw error;
  }
}

function callIssues(expression: Expression, typeOf: TypeOf): Issue[] {
  if (expression.kind !== 'call') return [];
  if (expression.fn === 'format') return formatIssues(expression, typeOf);
  const literal = expression.args[0];
  const check = Object.hasOwn(CHECKS, expression.fn) ? CHECKS[expression.fn] : undefined;
  if (literal?.kind !== 'const' || typeof literal.value !== 'string') return [];
  if (check === undefined || check(literal.value)) return [];
  return [{ offset: literal.offset, message: `invalid ${expression.fn} argument` }];
}

/** A literal template with literal arguments is checked before it is ever run (cel-go ext/formatting.go). */
function formatIssues({ target, offset, args: [list] }: ExpressionOf<'call'>, typeOf: TypeOf): Issue[] {
  if (target?.kind !== 'const' || typeof target.value !== 'string' || list?.kind !== 'list') return [];
  const problem = templateProblem(target.value, list.items.map(typeOf));
  if (problem === undefined) return [];
  const argument = problem.argument === undefined ? undefined : list.items[problem.argument];
  return [{ offset: argument?.offset ?? offset, message: problem.message }];
}
