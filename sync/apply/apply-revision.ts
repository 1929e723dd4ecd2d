import type { Client } from '#api/client/client';
import type { Manifest } from '#api/client/manifests';
import type { Clock } from '#api/machinery/clock';
import type { Sync } from '#api/types/generated/sync';
import { SYNC_DEFAULTS } from '#api/types/sync';
import { waitForReady } from '../readiness/wait-for-ready.ts';
import { SyncFailure } from '../sync-failure.ts';
import { applyMembers, validateMembers } from './apply-members.ts';
import type { AppliedMember, ApplyContext, CurrentObjects, ServedMember } from './apply-members.ts';
import { applySetID, scopeOf, scopeOfObjects, union } from './apply-set.ts';
import type { SetScope } from './apply-set.ts';
import { inOrder, isFoundation } from './order.ts';
import { prune } from './prune.ts';
import { memberText, resolved, setMembers } from './set-member.ts';
import type { SetMember } from './set-member.ts';

export interface ApplyRevision {
  sync: Sync;
  manifests: readonly Manifest[];
  /** Of the identity that the objects are applied as. */
  client: Client;
  /** Writes on the Sync where its members may be. */
  note(scope: SetScope): Promise<void>;
  clock: Clock;
  signal: AbortSignal;
}

export interface AppliedRevision {
  applied: readonly AppliedMember[];
  /** Names for people. */
  pruned: readonly string[];
}

/**
 * Makes the objects of the API those of a revision: all are validated by the server first, and nothing is written when one
 * is refused. An object in a namespace, or of a kind, that the same revision brings can be validated only after that is
 * there: then nothing but these foundations are written when it is refused.
 * @throws SyncFailure; StatusError when the server cannot be asked; the signal's reason
 */
export async function applyRevision(round: ApplyRevision): Promise<AppliedRevision> {
  const { sync, client, manifests } = round;
  const members = inOrder(setMembers(sync, manifests, await client.discover()));
  const context: ApplyContext = { client, force: sync.spec.forceConflicts === true };
  const foundations = members.filter((member) => isServed(member) && isFoundation(member)).filter(isServed);
  const known = await validateMembers(foundations, context);
  const coming = namespacesToCome(foundations, known);
  const others = members.filter((member) => !foundations.includes(member as ServedMember));
  const [later, now] = split(
    others,
    ({ resource, namespace }) => resource === undefined || coming.has(namespace),
  );
  const current = new Map([...known, ...(await validateMembers(now.filter(isServed), context))]);

  const scope = scopeOfObjects(members, sync);
  await round.note(union(scope, scopeOf(sync)));
  const applied = await applyMembers(foundations, known, context);
  const served =
    later.length === 0
      ? others.filter(isServed)
      : await withLater(others, { round, context, current, later });
  applied.push(...(await applyMembers(served, current, context)));

  const all = applied.map(({ member }) => member);
  const pruned = await pruneRest(round, all);
  if (sync.spec.prune === true) await round.note(scopeOfObjects(all, sync));
  if (sync.spec.wait === true) await wait(round, all);
  return { applied, pruned };
}

const isServed = (member: SetMember): member is ServedMember => member.resource !== undefined;

function split<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** The namespaces that are not there yet. */
function namespacesToCome(
  foundations: readonly ServedMember[],
  current: CurrentObjects,
): ReadonlySet<string | undefined> {
  const absent = foundations.filter((member) => current.get(member) === undefined);
  return new Set(absent.flatMap(({ kind, name }) => (kind === 'Namespace' ? [name] : [])));
}

interface Later {
  round: ApplyRevision;
  context: ApplyContext;
  /** Gets those that are validated only now. */
  current: Map<SetMember, CurrentObjects extends ReadonlyMap<SetMember, infer V> ? V : never>;
  later: readonly SetMember[];
}

/** All members but the foundations, in order, when those that had to wait for these can be validated too. */
async function withLater(
  others: readonly SetMember[],
  { round, context, current, later }: Later,
): Promise<ServedMember[]> {
  const resources = await round.client.discover();
  const served = others.map((member) => resolved(member, resources));
  const missing = served.find((member) => !isServed(member));
  if (missing !== undefined) {
    throw new SyncFailure('ReconciliationFailed', `${memberText(missing)}: the kind is not served yet`);
  }
  const waited = served.filter((_, index) => later.includes(others[index] as SetMember)).filter(isServed);
  for (const [member, object] of await validateMembers(waited, context)) current.set(member, object);
  return served.filter(isServed);
}

async function pruneRest(round: ApplyRevision, members: readonly ServedMember[]): Promise<string[]> {
  const { sync, client } = round;
  if (sync.spec.prune !== true) return [];
  const scope = union(scopeOfObjects(members, sync), scopeOf(sync));
  return prune(client, { sync, members, scope, resources: await client.discover() });
}

function wait(
  { sync, client, clock, signal }: ApplyRevision,
  members: readonly ServedMember[],
): Promise<void> {
  const timeoutMs = (sync.spec.timeoutSeconds ?? SYNC_DEFAULTS.timeoutSeconds) * 1000;
  return waitForReady(members, { client, clock, signal, timeoutMs, set: applySetID(sync) });
}
