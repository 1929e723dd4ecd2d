import type { DiscoveredResource } from '#api/client/discovery';
import { parseApiVersion } from '#api/machinery/group-version-kind';
import type { OwnerReference } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';

/** Kinds that are not watched: Events are many, own nothing, and end by their age (as upstream). */
const IGNORED = new Set(['events', 'events.events.k8s.io']);
const NEEDED_VERBS = ['delete', 'list', 'watch'];

/** What is watched: each resource in one version. */
export function collectedTypes(discovered: readonly DiscoveredResource[]): DiscoveredResource[] {
  return discovered.filter(
    ({ plural, group, preferred, verbs }) =>
      preferred &&
      !IGNORED.has(group === '' ? plural : `${plural}.${group}`) &&
      NEEDED_VERBS.every((verb) => verbs.includes(verb)),
  );
}

/** The resource a reference names, in the version it names. */
export function typeOfOwner(
  discovered: readonly ResourceType[],
  { apiVersion, kind }: OwnerReference,
): ResourceType | undefined {
  const { group, version } = parseApiVersion(apiVersion);
  return discovered.find((type) => type.kind === kind && type.group === group && type.version === version);
}
