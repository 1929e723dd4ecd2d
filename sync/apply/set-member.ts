import type { DiscoveredResource } from '#api/client/discovery';
import type { Manifest } from '#api/client/manifests';
import { fieldsOf } from '#api/machinery/json/json';
import { formatApiVersion, parseApiVersion } from '#api/machinery/group-version-kind';
import type { Unstructured } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import type { Sync } from '#api/types/generated/sync';
import { listed, SyncFailure } from '../sync-failure.ts';
import { applySetID, PART_OF_LABEL } from './apply-set.ts';

/** One object of the repository. */
export interface SetMember {
  group: string;
  version: string;
  kind: string;
  /** Undefined for one of a cluster-scoped kind. */
  namespace: string | undefined;
  name: string;
  /** Undefined while the kind is not served: a definition in the same repository brings it. */
  resource: ResourceType<Unstructured> | undefined;
  /** The object as it is applied. */
  object: Unstructured;
  /** The file. */
  source: string;
}

/** `Ghost "team/writer"`. */
export const memberText = ({
  kind,
  namespace,
  name,
}: Pick<SetMember, 'kind' | 'name' | 'namespace'>): string =>
  `${kind} "${namespace === undefined ? '' : `${namespace}/`}${name}"`;

/**
 * The objects of manifests with all that the Sync adds: their namespace and the label of the set.
 * @throws SyncFailure BuildFailed or ValidationFailed, which names each fault. Pure.
 */
export function setMembers(
  sync: Sync,
  manifests: readonly Manifest[],
  resources: readonly DiscoveredResource[],
): SetMember[] {
  const members = manifests.map((manifest) => memberOf(sync, manifest, resources));
  const names = unnamed(members);
  if (names.length > 0) throw new SyncFailure('BuildFailed', listed(names), { isFinal: true });
  const unknown = unknownKinds(members);
  if (unknown.length > 0) throw new SyncFailure('ValidationFailed', listed(unknown));
  return members;
}

function memberOf(
  sync: Sync,
  { object, source }: Manifest,
  resources: readonly DiscoveredResource[],
): SetMember {
  const { group, version } = parseApiVersion(object.apiVersion);
  const { kind, metadata } = object;
  const resource = findResource(resources, { group, version, kind });
  // A kind that is not served yet is taken for a namespaced one; the definition says so before it is applied.
  const { namespace: given, ...rest } = cleanMetadata(metadata);
  const namespace = resource?.namespaced === false ? undefined : (given ?? sync.metadata.namespace);
  const labels = { ...rest.labels, [PART_OF_LABEL]: applySetID(sync) };
  const place = namespace === undefined ? {} : { namespace };
  const { status: _status, ...content } = object;
  return {
    ...{ group, version, kind, namespace, resource, source },
    name: typeof metadata.name === 'string' ? metadata.name : '',
    object: { ...content, metadata: { ...rest, ...place, labels } },
  };
}

/** Without what only a server writes, as in a manifest that somebody has read from one. */
function cleanMetadata(metadata: Unstructured['metadata']): Unstructured['metadata'] {
  const {
    managedFields: _m,
    resourceVersion: _r,
    uid: _u,
    generation: _g,
    creationTimestamp: _c,
    ...rest
  } = metadata;
  return rest;
}

/** The member as the kind turns out to be, once its definition is served. */
export function resolved(member: SetMember, resources: readonly DiscoveredResource[]): SetMember {
  if (member.resource !== undefined) return member;
  const resource = findResource(resources, member);
  if (resource?.namespaced !== false) return { ...member, resource };
  const { namespace: _namespace, ...metadata } = member.object.metadata;
  return { ...member, resource, namespace: undefined, object: { ...member.object, metadata } };
}

function findResource(
  resources: readonly DiscoveredResource[],
  { group, version, kind }: Pick<SetMember, 'group' | 'kind' | 'version'>,
): ResourceType<Unstructured> | undefined {
  const found = resources.find((one) => one.group === group && one.version === version && one.kind === kind);
  if (found === undefined) return undefined;
  const { plural, namespaced } = found;
  return { group, version, kind, plural, namespaced };
}

function unnamed(members: readonly SetMember[]): string[] {
  const seen = new Map<string, string>();
  return members.flatMap((member) => {
    if (member.name === '') return [`${member.source}: a ${member.kind} has no metadata.name`];
    const key = JSON.stringify([member.group, member.kind, member.namespace, member.name]);
    const before = seen.get(key);
    seen.set(key, member.source);
    return before === undefined ? [] : [`${memberText(member)} is in ${before} and in ${member.source}`];
  });
}

function unknownKinds(members: readonly SetMember[]): string[] {
  const defined = new Set(members.flatMap(({ kind, object }) => definedKinds(kind, object)));
  return members.flatMap((member) => {
    const { resource, kind, source } = member;
    if (resource !== undefined || defined.has(`${kind}.${member.group}`)) return [];
    const apiVersion = formatApiVersion(member);
    return [
      `${source}: no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`,
    ];
  });
}

function definedKinds(kind: string, object: Unstructured): string[] {
  if (kind !== 'CustomResourceDefinition') return [];
  const { group, names } = fieldsOf(object['spec']);
  const { kind: defined } = fieldsOf(names);
  return typeof group === 'string' && typeof defined === 'string' ? [`${defined}.${group}`] : [];
}
