import type { CollaborationStepAction } from '#api/types/generated/collaboration';
import { headerNameProblem, isHeaderText } from '#guarded-client/given-header';
import { placeholdersOf } from './placeholders.ts';
import type { Problem } from './problem.ts';

/** All that a run would refuse of an action, whatever comes before it. */
export function actionProblems({ http, script }: CollaborationStepAction, at: string): Problem[] {
  const headers = (http?.headers ?? []).flatMap(({ name, value = '' }, index) =>
    headerProblems(name, value, `${at}.http.headers[${index}]`),
  );
  const folder = script?.workingDirectory;
  if (folder === undefined || !leadsOut(folder)) return headers;
  const message = 'leads out of the folder that agents work in';
  return [...headers, { field: `${at}.script.workingDirectory`, message }];
}

/** The value is not repeated. */
function headerProblems(name: string, value: string, at: string): Problem[] {
  const field = `${at}.name`;
  const problem = headerNameProblem(name);
  if (problem === 'no name') return [{ field, message: 'is no name of a header' }];
  if (problem !== undefined) return [{ field, message: `the header ${name} is ${problem}` }];
  // A placeholder's value is known, and judged, at the run; its own characters are those of a header.
  return isHeaderText(value)
    ? []
    : [{ field: `${at}.value`, message: 'has a character that a header cannot have' }];
}

/** A placeholder may stand for a part of the path, which the run judges. */
function leadsOut(folder: string): boolean {
  if (placeholdersOf(folder).length > 0) return false;
  let depth = 0;
  for (const part of folder.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

/** References that lead out of a schema of an answer: nothing is loaded for it. */
export function referenceProblems(schema: unknown, at: string): Problem[] {
  // One that names parts of itself by URLs is judged by the run.
  const isNamed = schema !== undefined && JSON.stringify(schema).includes('"$id":');
  return isNamed ? [] : [...outsideReferences(schema, at)];
}

/** Keywords whose values are no schemas. */
const VALUES = new Set(['const', 'default', 'enum', 'examples']);

function* outsideReferences(schema: unknown, at: string): Generator<Problem> {
  if (Array.isArray(schema)) {
    for (const [index, item] of schema.entries()) yield* outsideReferences(item, `${at}[${index}]`);
    return;
  }
  if (typeof schema !== 'object' || schema === null) return;
  for (const [name, value] of Object.entries(schema)) {
    const field = `${at}.${name}`;
    if (name === '$ref' && typeof value === 'string' && !value.startsWith('#'))
      yield { field, message: 'leads out of the schema, and nothing is loaded' };
    else if (!VALUES.has(name)) yield* outsideReferences(value, field);
  }
}
