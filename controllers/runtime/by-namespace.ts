import type { KubeObject } from '#api/machinery/meta';

/** The index of a cache for `namespaceOf`: controllers that share the cache share the index. */
export const BY_NAMESPACE = 'namespace';

/** The namespace of an object; empty for one that is cluster-scoped. */
export const namespaceOf = ({ metadata }: KubeObject): string[] => [metadata.namespace ?? ''];
