/** What a request is about, as rules of access see it (kube-apiserver endpoints/request RequestInfo). */
export interface RequestAttributes {
  /** get, list, watch, create, update, patch, delete, deletecollection; the lower-case method for other paths. */
  verb: string;
  path: string;
  /** Absent for a path that is no resource. */
  resource: ResourceAttributes | undefined;
}

export interface ResourceAttributes {
  group: string;
  version: string;
  plural: string;
  subresource: string | undefined;
  /** '' for all namespaces and for cluster-scoped resources. */
  namespace: string;
  /** '' for a collection. */
  name: string;
}

const VERBS: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** `path` is decoded once, as the router sees it. */
export function requestAttributes(method: string, path: string, isWatch: boolean): RequestAttributes {
  const resource = parseResource(path);
  if (resource === undefined) return { verb: method.toLowerCase(), path, resource };
  const isCollection = resource.name === '';
  if (method === 'GET' || method === 'HEAD') {
    const listing = isWatch ? 'watch' : 'list';
    return { verb: isCollection ? listing : 'get', path, resource };
  }
  const verb = VERBS[method] ?? method.toLowerCase();
  return { verb: verb === 'delete' && isCollection ? 'deletecollection' : verb, path, resource };
}

function parseResource(path: string): ResourceAttributes | undefined {
  const parts = path.split('/').slice(1);
  if (parts[0] === 'api' && parts.length >= 3) {
    return inVersion({ group: '', version: parts[1] ?? '' }, parts.slice(2));
  }
  if (parts[0] === 'apis' && parts.length >= 4) {
    return inVersion({ group: parts[1] ?? '', version: parts[2] ?? '' }, parts.slice(3));
  }
  return undefined;
}

function inVersion(gv: { group: string; version: string }, parts: string[]): ResourceAttributes {
  const namespaced = parts[0] === 'namespaces' && parts.length >= 3;
  const [plural = '', name = '', subresource] = namespaced ? parts.slice(2) : parts;
  const decoded = {
    plural: decode(plural),
    name: decode(name),
    subresource: subresource && decode(subresource),
  };
  return { ...gv, ...decoded, namespace: namespaced ? decode(parts[1] ?? '') : '' };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
