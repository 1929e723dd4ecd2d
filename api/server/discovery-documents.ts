import { createHash } from 'node:crypto';
import { formatApiVersion } from '../machinery/group-version-kind.ts';
import { isTask, type Resource } from '../registry/resource.ts';

/** Discovery: which kinds there are and what can be done with them. Made once; pure. */

/** In the order kube-apiserver lists them for custom resources. */
const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const STATUS_VERBS = ['get', 'patch', 'update'];

interface Subresource {
  name: string;
  verbs: string[];
}

function subresourcesOf(resource: Resource): Subresource[] {
  return [
    ...(resource.hasStatus ? [{ name: 'status', verbs: STATUS_VERBS }] : []),
    ...(isTask(resource)
      ? [
          { name: 'log', verbs: ['create', 'get'] },
          { name: 'messages', verbs: ['get'] },
        ]
      : []),
  ];
}

export interface GroupVersionResources {
  group: string;
  version: string;
  resources: Resource[];
}

/** Groups in the order of the kinds; within a group v1 before v1beta1 before v1alpha1 (kube-aware order). */
export function groupVersions(resources: readonly Resource[]): GroupVersionResources[] {
  const found = new Map<string, GroupVersionResources>();
  for (const resource of resources) {
    const { group, version } = resource;
    const key = formatApiVersion(resource);
    const entry = found.get(key) ?? { group, version, resources: [] };
    entry.resources.push(resource);
    found.set(key, entry);
  }
  const groups = [...new Set(resources.map((resource) => resource.group))];
  return [...found.values()].sort(
    (left, right) =>
      groups.indexOf(left.group) - groups.indexOf(right.group) ||
      compareVersions(left.version, right.version),
  );
}

const STAGES = ['alpha', 'beta', undefined];

function compareVersions(left: string, right: string): number {
  const parse = (version: string): number[] => {
    const [, major = '0', stage, minor = '0'] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
    return [STAGES.indexOf(stage), Number(major), Number(minor)];
  };
  const [a, b] = [parse(left), parse(right)];
  return a.map((part, index) => (b[index] ?? 0) - part).find((difference) => difference !== 0) ?? 0;
}

/** APIGroupDiscoveryList (apidiscovery.k8s.io v2 and v2beta1). `core` for /api, the rest for /apis. */
export function aggregatedDiscovery(versions: readonly GroupVersionResources[], apiVersion: string): object {
  const groups = [...new Set(versions.map(({ group }) => group))];
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion,
    metadata: {},
    items: groups.map((group) => ({
      metadata: { name: group, creationTimestamp: null },
      versions: versions
        .filter((one) => one.group === group)
        .map(({ version, resources }) => ({
          version,
          resources: resources.map(aggregatedResource),
          freshness: 'Current',
        })),
    })),
  };
}

function aggregatedResource(resource: Resource): object {
  const { group, version, kind, plural, singular, shortNames, categories, scope } = resource;
  const responseKind = { group, version, kind };
  const subresources = subresourcesOf(resource).map(({ name, verbs }) => ({
    subresource: name,
    responseKind,
    verbs,
  }));
  return {
    resource: plural,
    responseKind,
    scope,
    singularResource: singular,
    verbs: VERBS,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}

/** APIResourceList of one group and version. */
export function resourceList({ group, version, resources }: GroupVersionResources): object {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: formatApiVersion({ group, version }),
    resources: resources.flatMap((resource) => [
      legacyResource(resource),
      ...subresourcesOf(resource).map(({ name, verbs }) => ({
        name: `${resource.plural}/${name}`,
        singularName: '',
        namespaced: resource.scope === 'Namespaced',
        kind: resource.kind,
        verbs,
      })),
    ]),
  };
}

function legacyResource(resource: Resource): object {
  const { group, version, kind, plural, singular, shortNames, categories, scope } = resource;
  return {
    name: plural,
    singularName: singular,
    namespaced: scope === 'Namespaced',
    kind,
    verbs: VERBS,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    storageVersionHash: storageVersionHash([group, version, kind].join('/')),
  };
}

/** The first eight bytes of a SHA-256 in base64 (apiserver discovery/storageversionhash.go). */
function storageVersionHash(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64');
}

/** APIGroup of the versions of one group; the first one is preferred. */
export function apiGroup(versions: readonly GroupVersionResources[]): object {
  const listed = versions.map((one) => ({ groupVersion: formatApiVersion(one), version: one.version }));
  return {
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: versions[0]?.group ?? '',
    versions: listed,
    preferredVersion: listed[0],
  };
}
