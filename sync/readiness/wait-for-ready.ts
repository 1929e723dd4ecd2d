import type { Client } from '#api/client/client';
import { runReflector } from '#api/client/reflector';
import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import type { Unstructured } from '#api/machinery/meta';
import { refOf } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import { PART_OF_LABEL } from '../apply/apply-set.ts';
import type { ServedMember } from '../apply/apply-members.ts';
import { memberText } from '../apply/set-member.ts';
import { listed, SyncFailure } from '../sync-failure.ts';
import { objectStatus } from './kstatus.ts';
import type { ObjectStatus } from './kstatus.ts';

export interface WaitOptions {
  client: Pick<Client, 'list' | 'watch'>;
  /** Id of the set that all members are of. */
  set: string;
  timeoutMs: number;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * Follows the members until all are ready: one watch for each kind in each namespace.
 * @throws SyncFailure HealthCheckFailed when one fails, or when the time is up; StatusError Forbidden for an identity that
 * may not list and watch them: asking again would not help; the signal's reason
 */
export async function waitForReady(members: readonly ServedMember[], options: WaitOptions): Promise<void> {
  const { clock, timeoutMs, signal } = options;
  const done = new AbortController();
  const states = new Map<ServedMember, ObjectStatus>();
  const note = (member: ServedMember, state: ObjectStatus): void => {
    states.set(member, state);
    const all = members.map((one) => states.get(one)?.state);
    if (state.state === 'Failed' || all.every((one) => one === 'Current')) done.abort();
  };
  let refused: unknown;
  const onError = (error: unknown): void => {
    if (!isStatusError(error, 'Forbidden')) return;
    refused = error;
    done.abort();
  };
  let isLate = false;
  const cancel = clock.after(timeoutMs, () => {
    isLate = true;
    done.abort();
  });
  try {
    const over = AbortSignal.any([signal, done.signal]);
    const groups = Map.groupBy(
      members,
      ({ resource, namespace }) => `${resource.plural} ${resource.group} ${namespace}`,
    );
    const following = { ...options, signal: over, note, onError };
    await Promise.all([...groups.values()].map((group) => follow(group, following)));
  } finally {
    cancel();
  }
  signal.throwIfAborted();
  if (refused !== undefined) throw refused;
  judge(members, states, isLate ? timeoutMs : undefined);
}

interface Following extends WaitOptions {
  note(member: ServedMember, status: ObjectStatus): void;
  onError(error: unknown): void;
}

const ABSENT: ObjectStatus = { state: 'InProgress', message: 'it is not there' };

async function follow(group: readonly ServedMember[], options: Following): Promise<void> {
  const { client, clock, set, signal, note, onError } = options;
  const byKey = new Map(group.map((member) => [objectKey(refOf(member.object)), member]));
  const [first] = group;
  if (first === undefined) return;
  const look = (object: Unstructured, status: ObjectStatus): void => {
    const member = byKey.get(objectKey(object.metadata));
    if (member !== undefined) note(member, status);
  };
  await runReflector<Unstructured>({
    ...{ client, clock, signal, onError },
    type: first.resource,
    ...(first.namespace === undefined ? {} : { namespace: first.namespace }),
    labelSelector: `${PART_OF_LABEL}=${set}`,
    target: {
      replace(objects) {
        for (const object of objects) look(object, objectStatus(object));
      },
      apply: (type, object) => look(object, type === 'DELETED' ? ABSENT : objectStatus(object)),
    },
  });
}

function judge(
  members: readonly ServedMember[],
  states: ReadonlyMap<ServedMember, ObjectStatus>,
  timeoutMs: number | undefined,
): void {
  const found = members.map((member) => ({ member, ...(states.get(member) ?? ABSENT) }));
  const text = (wanted: (state: ObjectStatus['state']) => boolean): string =>
    listed(
      found
        .filter(({ state }) => wanted(state))
        .map(({ member, message }) => `${memberText(member)}: ${message}`),
    );
  if (found.some(({ state }) => state === 'Failed')) {
    throw new SyncFailure('HealthCheckFailed', `failed: ${text((state) => state === 'Failed')}`);
  }
  if (timeoutMs === undefined) return;
  const late = text((state) => state !== 'Current');
  throw new SyncFailure('HealthCheckFailed', `not ready after ${timeoutMs / 1000} s: ${late}`);
}
