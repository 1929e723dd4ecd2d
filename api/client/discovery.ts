import type { ResourceType } from '../machinery/resource-type.ts';
import { StatusError } from '../machinery/status-error.ts';
import type { Transport } from './transport.ts';

/** A resource as the server offers it, in one version. */
export interface DiscoveredResource extends ResourceType {
  verbs: readonly string[];
  /** Its group serves it in no newer version. */
  preferred: boolean;
}

interface DiscoveryList {
  kind?: string;
  items?: DiscoveryGroup[];
}

interface DiscoveryGroup {
  metadata?: { name?: string };
  versions?: {
    version: string;
    resources?: {
      resource: string;
      responseKind?: { kind: string };
      scope: string;
      verbs?: string[];
    }[];
  }[];
}

const ACCEPT =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,' +
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

/**
 * Everything the server offers, by aggregated discovery (KEP-3352).
 * @throws StatusError InternalError for a server without it
 */
export async function discoverResources(transport: Transport): Promise<DiscoveredResource[]> {
  const lists = await Promise.all(['/api', '/apis'].map((path) => readList(transport, path)));
  return lists.flatMap((list) => list.items ?? []).flatMap(groupResources);
}

async function readList(transport: Transport, path: string): Promise<DiscoveryList> {
  const answer = await transport.send({ method: 'GET', path, accept: ACCEPT });
  const list = JSON.parse(answer.text) as DiscoveryList;
  if (list.kind === 'APIGroupDiscoveryList') return list;
  throw new StatusError('InternalError', 'the server has no aggregated discovery (Kubernetes 1.27)');
}

/** Versions come newest first; the first one that has a resource is the preferred one of that resource. */
function groupResources({ metadata, versions = [] }: DiscoveryGroup): DiscoveredResource[] {
  const seen = new Set<string>();
  return versions.flatMap(({ version, resources = [] }) =>
    resources.flatMap(({ resource, responseKind, scope, verbs = [] }) => {
      if (responseKind === undefined) return [];
      const preferred = !seen.has(resource);
      seen.add(resource);
      const { kind } = responseKind;
      const namespaced = scope === 'Namespaced';
      return [{ group: metadata?.name ?? '', version, kind, plural: resource, namespaced, verbs, preferred }];
    }),
  );
}
