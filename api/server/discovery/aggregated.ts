import type { GroupVersion } from './group-versions.ts';
import { subresourcesOf } from '../resources/subresources.ts';
import { verbsOf } from '../resources/verbs.ts';
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
  const own = { group, version, kind };
  const subresources = subresourcesOf(resource).map((one) => ({
    subresource: one.name,
    responseKind: one.kind ?? own,
    verbs: [...one.handlers.keys()],
  }));
  return {
    resource: plural,
    responseKind: own,
    scope,
    singularResource: singular,
    verbs: verbsOf(resource),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
