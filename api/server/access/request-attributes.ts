/** What a request is about, as rules of access and the dispatch see it (kube-apiserver endpoints/request RequestInfo). */
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
  /** What follows the name, with its slashes. */
  subresource: string | undefined;
  /** '' for all namespaces and for cluster-scoped resources. */
  namespace: string;
  /** '' for a collection. */
  name: string;
}

const VERBS: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** `path` is decoded once, as the router sees it. */
export function requestAttributes(method: string, path: string, isWatch: boolean): RequestAttributes {
  const parsed = parsePath(path);
  if (parsed === undefined) return { verb: method.toLowerCase(), path, resource: undefined };
  const { resource, watchPrefix } = parsed;
  const isRead = method === 'GET' || method === 'HEAD';
  const verb = watchPrefix && isRead ? 'watch' : verbOf(method, resource, isWatch);
  return { verb, path, resource };
}

function verbOf(method: string, { name }: ResourceAttributes, isWatch: boolean): string {
  if (method === 'GET' || method === 'HEAD') return name === '' ? (isWatch ? 'watch' : 'list') : 'get';
  const verb = VERBS[method] ?? method.toLowerCase();
  return verb === 'delete' && name === '' ? 'deletecollection' : verb;
}

interface ParsedPath {
  resource: ResourceAttributes;
  /** The path begins with the verb, as clients wrote it before `?watch=true`. */
  watchPrefix: boolean;
}

function parsePath(path: string): ParsedPath | undefined {
  const parts = path.split('/').slice(1);
  if (parts.at(-1) === '') parts.pop();
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return undefined;
  const [group, version, rest] = isCore
    ? ['', parts[1] ?? '', parts.slice(2)]
    : [parts[1] ?? '', parts[2] ?? '', parts.slice(3)];
  const watchPrefix = rest[0] === 'watch' && rest.length > 1;
  const named = watchPrefix ? rest.slice(1) : rest;
  if (named.length === 0 || parts.includes('')) return undefined;
  return { resource: inVersion({ group, version }, named), watchPrefix };
}

/** Of a Namespace itself: what follows its name is no collection in it. */
const NAMESPACE_SUBRESOURCES = new Set(['finalize', 'status']);

function inVersion(gv: { group: string; version: string }, parts: string[]): ResourceAttributes {
  const namespaced =
    parts[0] === 'namespaces' && parts.length >= 3 && !NAMESPACE_SUBRESOURCES.has(parts[2] ?? '');
  const [plural = '', name = '', ...rest] = (namespaced ? parts.slice(2) : parts).map(decode);
  return {
    ...gv,
    plural,
    name,
    subresource: rest.length === 0 ? undefined : rest.join('/'),
    namespace: namespaced ? decode(parts[1] ?? '') : '',
  };
}

function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
