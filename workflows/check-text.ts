import type { ValueType } from '#api/schema/expressions';
import { placeholdersOf } from './placeholders.ts';
import type { Problem } from './problem.ts';
import { fieldsIn } from './variables.ts';
import type { Variables } from './variables.ts';
import { stepKey } from './workflow.ts';

/** Placeholders of a text that stand for nothing. */
export function textProblems(text: string, at: string, variables: Variables): Problem[] {
  return placeholdersOf(text).flatMap(({ text: shown, path }) => {
    const message = pathProblem(path, { fields: variables });
    if (message === undefined) return [];
    return [{ field: at, message: `${shown}: ${message}${stepHint(path, variables)}` }];
  });
}

/** The answer of a step is known to those that come after it. */
function stepHint(path: readonly (string | number)[], variables: Variables): string {
  const [root, step] = path;
  if (root !== 'steps' || step === undefined) return '';
  const isKnown = fieldNamed(fieldsIn(variables['steps']), String(step)) !== undefined;
  return isKnown ? '' : '; a step knows those that it names in dependsOn, and those before them';
}

function pathProblem(path: readonly (string | number)[], type: ValueType): string | undefined {
  const [first, ...rest] = path;
  if (first === undefined || type === 'any') return undefined;
  if (typeof type === 'string') return `"${first}" is a part of a value that has none`;
  if ('mapOf' in type) return pathProblem(rest, type.mapOf);
  if ('listOf' in type)
    return typeof first === 'number'
      ? pathProblem(rest, type.listOf)
      : `a list has positions, not "${first}"`;
  const inner = fieldNamed(type.fields, String(first));
  if (inner === undefined) {
    const known = Object.keys(type.fields);
    return `there is no "${first}" here${known.length === 0 ? '' : `; known: ${known.join(', ')}`}`;
  }
  return pathProblem(rest, inner);
}

/** Steps may be written with their hyphens. */
function fieldNamed(fields: Readonly<Record<string, ValueType>>, name: string): ValueType | undefined {
  const found = [name, stepKey(name)].find((one) => Object.hasOwn(fields, one));
  return found === undefined ? undefined : fields[found];
}

/** All texts in a JSON value, with the path of each below `at`. */
export function* textsIn(value: unknown, at: string): Generator<{ text: string; at: string }> {
  if (typeof value === 'string') yield { text: value, at };
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* textsIn(item, `${at}[${index}]`);
  else if (typeof value === 'object' && value !== null)
    for (const [name, child] of Object.entries(value)) yield* textsIn(child, `${at}.${name}`);
}
