import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { ignoreNotFound } from '#api/machinery/status-error';
import { NAMESPACES } from '#api/types/resources';
import type { Namespace } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import { deletionConditions } from './conditions.ts';
import type { DeletionOutcome } from './conditions.ts';
import { deleteContent } from './content.ts';

export type NamespaceClient = Pick<
  Client,
  'delete' | 'deleteCollection' | 'discover' | 'finalize' | 'find' | 'list' | 'updateStatus'
>;

/** The finalizer in spec that stands for this controller. */
const TOKEN = 'kubernetes';
const AGAIN_MS = { first: 250, last: 8000 };

/** Empties a namespace that is being deleted, and then lets it go. */
export function namespaceReconciler({ clock }: { clock: Clock }): Reconcile<NamespaceClient> {
  return async (name, { client }) => {
    const namespace = await client.find(NAMESPACES, { name });
    if (namespace?.metadata.deletionTimestamp === undefined) return undefined;
    if (!isOurs(namespace)) return undefined;
    const terminating = await markTerminating(client, namespace);
    const outcome = await deleteContent(client, name);
    const reported = await report(client, terminating, { outcome, now: formatTime(clock.now()) });
    const failure = outcome.discoveryFailure ?? outcome.failures[0];
    if (failure !== undefined) throw new Error(`namespace ${name}: ${failure}`);
    if (outcome.remaining.size > 0) return { requeueAfter: pause(namespace, clock) };
    await finalize(client, reported);
    return undefined;
  };
}

const isOurs = ({ spec }: Namespace): boolean => spec?.finalizers?.includes(TOKEN) === true;

async function markTerminating(client: NamespaceClient, namespace: Namespace): Promise<Namespace> {
  if (namespace.status?.phase === 'Terminating') return namespace;
  return client.updateStatus(NAMESPACES, {
    ...namespace,
    status: { ...namespace.status, phase: 'Terminating' },
  });
}

async function report(
  client: NamespaceClient,
  namespace: Namespace,
  { outcome, now }: { outcome: DeletionOutcome; now: string },
): Promise<Namespace> {
  const old = namespace.status?.conditions ?? [];
  const conditions = deletionConditions(old, outcome, now);
  if (conditions === old) return namespace;
  const status = { ...namespace.status, conditions: [...conditions] };
  return client.updateStatus(NAMESPACES, { ...namespace, status });
}

async function finalize(client: NamespaceClient, namespace: Namespace): Promise<void> {
  const finalizers = (namespace.spec?.finalizers ?? []).filter((finalizer) => finalizer !== TOKEN);
  const spec = { ...namespace.spec, finalizers };
  await ignoreNotFound(client.finalize(NAMESPACES, { ...namespace, spec }));
}

/** Others take their finalizers away in their own time: looked at soon at first, then less and less often. */
function pause({ metadata }: Namespace, clock: Clock): number {
  const waited = clock.now() - Date.parse(metadata.deletionTimestamp ?? '');
  return Math.min(Math.max(waited / 4, AGAIN_MS.first), AGAIN_MS.last);
}
