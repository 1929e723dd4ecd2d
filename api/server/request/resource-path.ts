/** How a path of ours below `/api/v1` answers: with manifests, as clients of existing installations know it, or in the uniform envelope. */
export type RestStyle = 'compatible' | 'envelope';

/** The parts of the path of a resource, for the dispatch. */
export interface ResourcePath {
  group: string;
  version: string;
  plural: string;
  /** '' for all namespaces and for cluster-scoped resources. */
  namespace: string;
  /** '' for a collection. */
  name: string;
  /** The rest of the path after the name, with its slashes; '' for the object itself. */
  subresource: string;
  /** The path begins with the verb `watch`, as clients wrote it before `?watch=true`. */
  isOldWatch: boolean;
  /** It is one of the paths of ours below `/api/v1`. */
  rest?: RestStyle;
}

/**
 * Of a Namespace itself: what follows its name is no collection in it. A path must be understood before the kinds are
 * known, so the list stands here (kube-apiserver endpoints/request namespaceSubresources); a test compares it with
 * what is served.
 */
export const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['finalize', 'status']);

/** `path` is decoded once, as the router sees it. Undefined for a path that names no resource. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = path.split('/').slice(1);
  if (parts.at(-1) === '') parts.pop();
  const isCore = parts[0] === 'api';
  if (isCore && isOfAccounts(path)) return undefined;
  if (!isCore && parts[0] !== 'apis') return undefined;
  const [group, version, rest] = isCore
    ? ['', parts[1] ?? '', parts.slice(2)]
    : [parts[1] ?? '', parts[2] ?? '', parts.slice(3)];
  const isOldWatch = rest[0] === 'watch' && rest.length > 1;
  const named = isOldWatch ? rest.slice(1) : rest;
  if (named.length === 0 || parts.includes('')) return undefined;
  return { group, version, ...inVersion(named), isOldWatch };
}

/** People with accounts use these paths; versions of the core group are called v1. */
export const isOfAccounts = (path: string): boolean => /^\/api\/(?:auth|users)\//.test(path);

function inVersion(parts: string[]): Pick<ResourcePath, 'name' | 'namespace' | 'plural' | 'subresource'> {
  const isNamespaced =
    parts[0] === 'namespaces' && parts.length >= 3 && !NAMESPACE_SUBRESOURCES.has(parts[2] ?? '');
  const [plural = '', name = '', ...rest] = (isNamespaced ? parts.slice(2) : parts).map(decode);
  return {
    plural,
    name,
    subresource: rest.join('/'),
    namespace: isNamespaced ? decode(parts[1] ?? '') : '',
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
