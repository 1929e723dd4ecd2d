import type { Transport } from '#api/client/transport';
import type { Unstructured } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { CliError } from './error-text.ts';

/** A resource the server offers, with the names people call it by. */
export interface ApiResource extends ResourceType<Unstructured> {
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  verbs: readonly string[];
}

interface DiscoveryList {
  kind?: string;
  items?: {
    metadata?: { name?: string };
    versions?: {
      version: string;
      resources?: {
        resource: string;
        responseKind: { kind: string };
        scope: string;
        singularResource?: string;
        shortNames?: string[];
        categories?: string[];
        verbs?: string[];
      }[];
    }[];
  }[];
}

const ACCEPT = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

/** Everything the server offers, the core group first, preferred versions before others. */
export async function discover(transport: Transport): Promise<ApiResource[]> {
  const lists = await Promise.all(
    ['/api', '/apis'].map(async (path) => {
      const answer = await transport.send({ method: 'GET', path, accept: ACCEPT });
      const list = JSON.parse(answer.text) as DiscoveryList;
      if (list.kind !== 'APIGroupDiscoveryList') {
        throw new CliError('the server is too old: it has no aggregated discovery (Kubernetes 1.27)');
      }
      return list;
    }),
  );
  return lists.flatMap((list) => list.items ?? []).flatMap(groupResources);
}

function groupResources(group: NonNullable<DiscoveryList['items']>[number]): ApiResource[] {
  return (group.versions ?? []).flatMap(({ version, resources }) =>
    (resources ?? []).map((resource) => ({
      group: group.metadata?.name ?? '',
      version,
      kind: resource.responseKind.kind,
      plural: resource.resource,
      namespaced: resource.scope === 'Namespaced',
      singular: resource.singularResource || resource.responseKind.kind.toLowerCase(),
      shortNames: resource.shortNames ?? [],
      categories: resource.categories ?? [],
      verbs: resource.verbs ?? [],
    })),
  );
}

/**
 * The resource called `word`: plural, singular, short name or kind, with `.group` or `.version.group` behind.
 * @throws CliError when there is none
 */
export function findResource(resources: readonly ApiResource[], word: string): ApiResource {
  const asked = word.toLowerCase();
  const found =
    resources.find((resource) => [resource.plural, resource.singular].includes(asked)) ??
    resources.find((resource) => resource.shortNames.includes(asked)) ??
    resources.find((resource) => longNames(resource).includes(asked));
  if (found === undefined)
    throw new CliError(`the server doesn't have a resource type ${JSON.stringify(word)}`);
  return found;
}

function longNames({ plural, singular, kind, version, group }: ApiResource): string[] {
  const names = [plural, singular, kind.toLowerCase()];
  return names.flatMap((name) => [name, `${name}.${group}`, `${name}.${version}.${group}`]);
}

/** The resource that a manifest's apiVersion and kind mean; undefined when the server has none. */
export function resourceOfKind(
  resources: readonly ApiResource[],
  object: { apiVersion: string; kind: string },
): ApiResource | undefined {
  return resources.find(
    ({ group, version, kind }) =>
      kind === object.kind && (group === '' ? version : `${group}/${version}`) === object.apiVersion,
  );
}

/** `task.agent.wecode.io`, or `secret`: how output names what it is about. */
export function printedKind(resource: ApiResource): string {
  const kind = resource.kind.toLowerCase();
  return resource.group === '' ? kind : `${kind}.${resource.group}`;
}
