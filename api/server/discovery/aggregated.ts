import type { GroupVersion } from './group-versions.ts';
import { subresourcesOf, verbsOf } from './verbs.ts';
import type { Resource } from '../../registry/resource.ts';

/** APIGroupDiscoveryList of apidiscovery.k8s.io: all groups, versions and kinds in one document (KEP 3352). */
export function aggregatedDiscovery(versions: readonly GroupVersion[], apiVersion: string): object {
  const groups = [...Map.groupBy(versions, ({ group }) => group)];
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion,
    metadata: {},
    items: groups.map(([name, members]) => ({
      metadata: { name },
      versions: members.map(({ version, resources }) => ({
        version,
        resources: resources.map(discoveredResource),
        freshness: 'Current',
      })),
    })),
  };
}

function discoveredResource(resource: Resource): object {
  const { group, version, kind, plural, singular, shortNames, categories, scope } = resource;
  const subresources = subresourcesOf(resource).map(({ name, responseKind, verbs }) => ({
    subresource: name,
    responseKind,
    verbs,
  }));
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope,
    singularResource: singular,
    verbs: verbsOf(resource),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
