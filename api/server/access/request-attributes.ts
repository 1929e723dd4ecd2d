import type { Attributes, ResourceAttributes } from '../../machinery/users/authorizer.ts';
import { parseFieldSelector } from '../../machinery/selectors/field-selector.ts';
import { isGiven } from '../request/query.ts';
import { approvalActionOf, taskActionOf } from '../rest/rest-path.ts';
import type { RequestHead } from './request-head.ts';
import type { ResourcePath } from '../request/resource-path.ts';

const VERBS: Record<string, string> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const VERBS_WITH_SELECTORS = new Set(['list', 'watch', 'deletecollection']);

/**
 * The action of a request, for rules of access. `place` is the resource that its path names, undefined when it names
 * none (kube-apiserver endpoints/request RequestInfoFactory).
 */
export function requestAttributes(
  { method, path, query }: Pick<RequestHead, 'method' | 'path' | 'query'>,
  place: ResourcePath | undefined,
): Attributes {
  if (place === undefined) return { verb: method.toLowerCase(), path, resource: undefined };
  const { group, version, plural, name, subresource } = place;
  if (method === 'POST' && taskActionOf(place) !== undefined) return taskUpdate(place, path);
  if (method === 'POST' && approvalActionOf(place) !== undefined) return decision(place, path);
  const verb = verbOf(method, place, query);
  const resource = { group, version, plural, subresource, namespace: namespaceOf(place), name };
  if (place.isOldWatch || name !== '' || !VERBS_WITH_SELECTORS.has(verb)) return { verb, path, resource };
  return { verb, path, resource: { ...resource, ...selectorsOf(verb, query) } };
}

/** Whoever may change a Task may have it cancelled or confirmed, which is a change of its spec. */
function taskUpdate(place: ResourcePath, path: string): Attributes {
  const { group, version, plural, namespace, name } = place;
  return { verb: 'update', path, resource: { group, version, plural, subresource: '', namespace, name } };
}

/** To decide is to write the status; whether this user may decide this Approval is judged with the write. */
function decision(place: ResourcePath, path: string): Attributes {
  const { group, version, plural, namespace, name } = place;
  const resource = { group, version, plural, subresource: 'status', namespace, name };
  return { verb: 'patch', path, resource };
}

function verbOf(method: string, { name, isOldWatch }: ResourcePath, query: RequestHead['query']): string {
  if (isOldWatch) return 'watch';
  const verb = VERBS[method] ?? '';
  if (name !== '') return verb;
  if (verb === 'get') return isGiven(query('watch')) ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}

/** A rule for a namespace is one for the Namespace itself, too. */
const namespaceOf = ({ namespace, plural, name }: ResourcePath): string =>
  plural === 'namespaces' && namespace === '' ? name : namespace;

function selectorsOf(verb: string, query: RequestHead['query']): Partial<ResourceAttributes> {
  const fieldSelector = query('fieldSelector') ?? '';
  const labelSelector = query('labelSelector') ?? '';
  const name = verb === 'deletecollection' ? undefined : selectedName(fieldSelector);
  return {
    ...(fieldSelector === '' ? {} : { fieldSelector }),
    ...(labelSelector === '' ? {} : { labelSelector }),
    ...(name === undefined ? {} : { name }),
  };
}

/** The one name that a selector leaves: a rule for that object covers such a list or watch, too. */
function selectedName(fieldSelector: string): string | undefined {
  if (!fieldSelector.includes('metadata.name')) return undefined;
  try {
    const found = parseFieldSelector(fieldSelector).find(
      ({ field, operator }) => field === 'metadata.name' && operator === '=',
    );
    return found !== undefined && isPathSegment(found.value) ? found.value : undefined;
  } catch {
    // The verb refuses it with a better text than a rule of access could.
    return undefined;
  }
}

/** apimachinery pkg/api/validation/path IsValidPathSegmentName. */
const isPathSegment = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !/[/%]/.test(name);
