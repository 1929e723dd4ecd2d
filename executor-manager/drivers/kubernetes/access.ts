import type { Client } from '#api/client/client';
import type { ObjectMeta } from '#api/machinery/meta';
import { ACCESS_REVIEWS } from './cluster-objects.ts';
import type { ResourceAttributes } from './cluster-objects.ts';
import type { KubernetesSettings } from './kubernetes-settings.ts';

/** A right that the driver needs in the namespace of its Pods; docs/kubernetes.md has the Role. */
type Right = Omit<ResourceAttributes, 'namespace'>;

/** All rights that a driver with these settings needs. */
export function neededRights({ workspace, reach }: Pick<KubernetesSettings, 'reach' | 'workspace'>): Right[] {
  const objects = ['create', 'delete', 'list'];
  const watched = [...objects, 'get', 'watch'];
  return [
    ...of({ group: '', resource: 'pods' }, watched),
    ...of({ group: 'networking.k8s.io', resource: 'networkpolicies' }, objects),
    ...(workspace.kind === 'claim' ? of({ group: '', resource: 'persistentvolumeclaims' }, watched) : []),
    // For images of Shells that name a Secret of Troupe; none is read.
    ...of({ group: '', resource: 'secrets' }, ['create', 'delete']),
    ...connecting('exec'),
    ...(reach === 'port-forward' ? connecting('portforward') : []),
  ];
}

function of(resource: Omit<Right, 'verb'>, verbs: readonly string[]): Right[] {
  return verbs.map((verb) => ({ ...resource, verb }));
}

/** A WebSocket is opened by GET, for which clusters ask for `create` as well (KEP 5471). */
const connecting = (subresource: string): Right[] =>
  of({ group: '', resource: 'pods', subresource }, ['create', 'get']);

/** Those of the rights that the client does not have, as `create pods/exec`. */
export async function missingRights(
  client: Client,
  namespace: string,
  rights: readonly Right[],
): Promise<string[]> {
  const asked = await Promise.all(
    rights.map(async (right) => {
      const review = await client.create(ACCESS_REVIEWS, {
        ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' },
        // A review has none.
        metadata: {} as ObjectMeta,
        spec: { resourceAttributes: { namespace, ...right } },
      });
      return review.status?.allowed === true ? [] : [shown(right)];
    }),
  );
  return asked.flat();
}

function shown({ verb, group, resource, subresource }: Right): string {
  const name = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${name}${group === '' ? '' : `.${group}`}`;
}
