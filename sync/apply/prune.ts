import type { Client } from '#api/client/client';
import type { DiscoveredResource } from '#api/client/discovery';
import { qualifiedKind } from '#api/machinery/group-version-kind';
import type { ObjectMeta } from '#api/machinery/meta';
import { describeError } from '#api/machinery/logger';
import { refOf } from '#api/machinery/resource-type';
import { ignoreNotFound } from '#api/machinery/status-error';
import type { Sync } from '#api/types/generated/sync';
import { listed, SyncFailure } from '../sync-failure.ts';
import { applySetID, PART_OF_LABEL } from './apply-set.ts';
import type { SetScope } from './apply-set.ts';
import { inOrder } from './order.ts';
import { memberText } from './set-member.ts';
import type { SetMember } from './set-member.ts';

/** An object with this annotation and the value `disabled` stays, whatever the repository says. */
export const PRUNE_ANNOTATION = 'agent.wecode.io/prune';

export interface PruneInput {
  sync: Sync;
  /** Those that the repository has. */
  members: readonly SetMember[];
  /** Where members have been. */
  scope: SetScope;
  resources: readonly DiscoveredResource[];
}

interface Candidate {
  kind: string;
  namespace: string | undefined;
  name: string;
  resource: DiscoveredResource;
  metadata: ObjectMeta;
}

/**
 * Deletes the objects with the label of the set that the repository no longer has, dependents first.
 * @returns their names for people
 * @throws SyncFailure PruneFailed with each one that stays
 */
export async function prune(client: Pick<Client, 'delete' | 'list'>, input: PruneInput): Promise<string[]> {
  const problems: string[] = [];
  const pruned: string[] = [];
  for (const found of inOrder(await candidates(client, input, problems)).toReversed()) {
    try {
      const { uid } = found.metadata;
      const options = {
        propagationPolicy: 'Background' as const,
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      };
      await ignoreNotFound(client.delete(found.resource, refOf(found), options));
      pruned.push(memberText(found));
    } catch (error) {
      problems.push(`${memberText(found)}: ${describeError(error)}`);
    }
  }
  if (problems.length > 0) throw new SyncFailure('PruneFailed', listed(problems));
  return pruned;
}

async function candidates(
  client: Pick<Client, 'list'>,
  { sync, members, scope, resources }: PruneInput,
  problems: string[],
): Promise<Candidate[]> {
  const kept = new Set(members.map(keyOf));
  const labelSelector = `${PART_OF_LABEL}=${applySetID(sync)}`;
  const namespaces = [sync.metadata.namespace ?? '', ...scope.namespaces];
  const found: Candidate[] = [];
  for (const groupKind of scope.groupKinds) {
    // A kind that nobody serves has no objects.
    const resource = resources.find((one) => one.preferred && qualifiedKind(one) === groupKind);
    if (resource === undefined) continue;
    for (const namespace of resource.namespaced ? namespaces : [undefined]) {
      const options = {
        labelSelector,
        metadataOnly: true,
        ...(namespace === undefined ? {} : { namespace }),
      };
      try {
        const { items } = await client.list(resource, options);
        found.push(...items.map(({ metadata }) => candidate(resource, metadata)));
      } catch (error) {
        problems.push(`${groupKind}: ${describeError(error)}`);
      }
    }
  }
  return found.filter(
    (one) => !kept.has(keyOf(one)) && one.metadata.annotations?.[PRUNE_ANNOTATION] !== 'disabled',
  );
}

function candidate(resource: DiscoveredResource, metadata: ObjectMeta): Candidate {
  const { namespace, name } = metadata;
  return { kind: resource.kind, namespace, name, resource, metadata };
}

/** `group` tells kinds of one name apart. */
const keyOf = (one: {
  kind: string;
  namespace: string | undefined;
  name: string;
  resource: { group: string } | undefined;
}): string => JSON.stringify([one.resource?.group, one.kind, one.namespace, one.name]);
