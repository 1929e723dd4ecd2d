import { createHash } from 'node:crypto';
import { formatApiVersion } from '../../machinery/group-version-kind.ts';
import { isEventView } from '../../registry/resource.ts';
import type { Resource } from '../../registry/resource.ts';
import type { GroupVersion } from './group-versions.ts';
import { subresourcesOf } from '../resources/subresources.ts';
import type { Subresource } from '../resources/subresources.ts';
import { verbsOf } from '../resources/verbs.ts';

/** Discovery as it was before the aggregated form: a document for each group and for each version. */

export function apiVersions(core: readonly GroupVersion[]): object {
  return {
    kind: 'APIVersions',
    versions: core.map(({ version }) => version),
    serverAddressByClientCIDRs: [],
  };
}

export function apiGroupList(versions: readonly GroupVersion[]): object {
  const groups = [...Map.groupBy(versions, ({ group }) => group).values()];
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupEntry) };
}

/** APIGroup of the versions of one group; the first one is preferred. */
export function apiGroup(versions: readonly GroupVersion[]): object {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(versions) };
}

function groupEntry(versions: readonly GroupVersion[]): object {
  const listed = versions.map((one) => ({ groupVersion: formatApiVersion(one), version: one.version }));
  return { name: versions[0]?.group ?? '', versions: listed, preferredVersion: listed[0] };
}

/** APIResourceList of one version. */
export function apiResourceList({ group, version, resources }: GroupVersion): object {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: formatApiVersion({ group, version }),
    resources: resources.flatMap((resource) => [
      resourceEntry(resource),
      ...subresourcesOf(resource).map((subresource) => subresourceEntry(resource, subresource)),
    ]),
  };
}

function resourceEntry(resource: Resource): object {
  const { kind, plural, singular, shortNames, categories, scope } = resource;
  return {
    name: plural,
    singularName: singular,
    namespaced: scope === 'Namespaced',
    kind,
    verbs: verbsOf(resource),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(resource.virtual === true ? {} : { storageVersionHash: storageVersionHash(resource) }),
  };
}

/** The group and the version stand there only when they are not those of the document, as for a Scale. */
function subresourceEntry(resource: Resource, { name, kind: other, handlers }: Subresource): object {
  return {
    name: `${resource.plural}/${name}`,
    singularName: '',
    namespaced: resource.scope === 'Namespaced',
    ...(other ?? { kind: resource.kind }),
    verbs: [...handlers.keys()],
  };
}

/** Of the kind and version that objects are stored in (kube-apiserver endpoints/discovery/storageversionhash.go). */
function storageVersionHash(resource: Resource): string {
  const group = isEventView(resource) ? '' : resource.group;
  const text = [group, resource.storageVersion, resource.kind].join('/');
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64');
}
