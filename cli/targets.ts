import { discover, findResource } from './api-resource.ts';
import type { ApiResource } from './api-resource.ts';
import { CliError } from './error-text.ts';
import type { Session } from './session.ts';

/** Objects of one resource: those named, or with no names all that a selector leaves. */
export interface Target {
  resource: ApiResource;
  names: string[];
}

/**
 * Reads `tasks`, `task a b`, `task/a team/b` and `tasks,teams` (a category counts as its resources).
 * @throws CliError for a mixture of the forms or an unknown resource
 */
export async function parseTargets(session: Session, words: readonly string[]): Promise<Target[]> {
  const [first, ...rest] = words;
  if (first === undefined) throw new CliError('you must specify the type of resource, such as `tasks`');
  const resources = await discover(session.connection.transport);
  if (words.some((word) => word.includes('/'))) return parsePairs(resources, words);
  const named = first.split(',').flatMap((word) => byWord(resources, word));
  if (rest.length > 0 && named.length > 1) {
    throw new CliError('you may only name objects of one resource type at a time; use TYPE/NAME for several');
  }
  return named.map((resource) => ({ resource, names: rest }));
}

function byWord(resources: readonly ApiResource[], word: string): ApiResource[] {
  const category = resources.filter(
    (resource) => resource.categories.includes(word) && resource.verbs.includes('list'),
  );
  return category.length > 0 ? category : [findResource(resources, word)];
}

function parsePairs(resources: readonly ApiResource[], words: readonly string[]): Target[] {
  const targets: Target[] = [];
  for (const word of words) {
    const [type, name, ...more] = word.split('/');
    if (type === undefined || type === '' || name === undefined || name === '' || more.length > 0) {
      throw new CliError(
        `arguments in TYPE/NAME form must not be mixed with others: ${JSON.stringify(word)}`,
      );
    }
    const resource = findResource(resources, type);
    const same = targets.find((target) => target.resource === resource);
    if (same === undefined) targets.push({ resource, names: [name] });
    else same.names.push(name);
  }
  return targets;
}
