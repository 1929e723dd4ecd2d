import type { Resource } from '../../registry/resource.ts';

/** The Go packages of Kubernetes' own groups that are not in k8s.io/api. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ['', 'io.k8s.api.core'],
  ['apiextensions.k8s.io', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions'],
  ['apiregistration.k8s.io', 'io.k8s.kube-aggregator.pkg.apis.apiregistration'],
]);

/**
 * `io.wecode.agent.v1.Task`: the group back to front (apiextensions-apiserver pkg/controller/openapi/builder);
 * Kubernetes' own kinds have the name of their Go package, `io.k8s.api.core.v1.Event`.
 */
export function modelName(resource: Pick<Resource, 'builtIn' | 'group' | 'version'>, kind: string): string {
  const { builtIn, group, version } = resource;
  const ofPackage = PACKAGES.get(group) ?? `io.k8s.api.${group.split('.')[0] ?? ''}`;
  const prefix = builtIn ? ofPackage : group.split('.').toReversed().join('.');
  return `${prefix}.${version}.${kind}`;
}
