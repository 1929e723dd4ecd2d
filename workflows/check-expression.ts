import { compileExpression, showType } from '#api/schema/expressions';
import type { Expression, ValueType } from '#api/schema/expressions';
import type { Problem } from './problem.ts';
import { fieldsIn } from './variables.ts';
import type { Variables } from './variables.ts';

export interface ExpressionPlace {
  at: string;
  variables: Variables;
  /** Takes up what is right, by the field it stands in. */
  expressions: Map<string, Expression>;
  /** Keys of steps that exist and are not known at this place, for the hint. */
  hidden?: ReadonlySet<string>;
}

/** The problem with an expression that has to be a condition. */
export function conditionProblems(source: string, place: ExpressionPlace): Problem[] {
  const found = expressionType(source, place);
  if ('problem' in found) return [found.problem];
  if (found.type === 'bool' || found.type === 'any') return [];
  return [
    {
      field: place.at,
      message: `must be a condition, true or false, and is of type ${showType(found.type)}`,
    },
  ];
}

/** The type of the items of an expression that has to be a list, or what is wrong with it. */
export function itemType(source: string, place: ExpressionPlace): { type: ValueType } | { problem: Problem } {
  const found = expressionType(source, place);
  if ('problem' in found || found.type === 'any') return found;
  if (typeof found.type === 'object' && 'listOf' in found.type) return { type: found.type.listOf };
  const message = `must be a list, and is of type ${showType(found.type)}`;
  return { problem: { field: place.at, message } };
}

export function expressionType(
  source: string,
  { at, variables, expressions, hidden = new Set() }: ExpressionPlace,
): { type: ValueType } | { problem: Problem } {
  const compiled = compileExpression(source, variables);
  if (typeof compiled !== 'string') {
    expressions.set(at, compiled);
    return { type: compiled.type };
  }
  const name = /undefined field '(\w+)'/.exec(compiled)?.[1] ?? '';
  const isHidden = hidden.has(name) && !Object.hasOwn(fieldsIn(variables['steps']), name);
  const hint = isHidden ? ` (step "${name}" is known only to steps that depend on it)` : '';
  return { problem: { field: at, message: `${firstLine(compiled)}${hint}` } };
}

/** The further lines point at the place in the source, which only reads well in a terminal. */
const firstLine = (text: string): string => text.split('\n', 1)[0] ?? text;
