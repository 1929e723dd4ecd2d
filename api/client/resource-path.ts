import type { GroupVersionResource } from '../machinery/group-version-kind.ts';
import { badRequest } from '../machinery/status-error.ts';

export interface ResourcePathTarget {
  /** Absent: all namespaces, or a cluster-scoped resource. */
  namespace?: string | undefined;
  /** Absent: the collection. */
  name?: string | undefined;
  subresource?: string;
}

/**
 * The URL path of a resource. Each part is escaped, so a name can never leave its segment.
 * @throws StatusError BadRequest for a namespaced object without a namespace: the server would take the
 * name for something else.
 */
export function resourcePath(
  type: GroupVersionResource & { namespaced: boolean },
  target: ResourcePathTarget = {},
): string {
  const { namespace, name, subresource } = target;
  if (name === '' || name === '.' || name === '..') {
    throw badRequest(`resource name may not be ${JSON.stringify(name)}`);
  }
  if (type.namespaced && name !== undefined && (namespace === undefined || namespace === '')) {
    throw badRequest('an empty namespace may not be set when a resource name is provided');
  }
  const segments = type.group === '' ? ['api', type.version] : ['apis', type.group, type.version];
  if (type.namespaced && namespace !== undefined && namespace !== '') segments.push('namespaces', namespace);
  segments.push(type.plural);
  if (name !== undefined) segments.push(name);
  if (subresource !== undefined) segments.push(subresource);
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/** `?a=1&b=2` of the values that are set, or the empty string. */
export function queryString(values: Record<string, string | number | boolean | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}
