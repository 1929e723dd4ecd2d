import type { Client } from '#api/client/client';
import type { Unstructured } from '#api/machinery/meta';
import { StatusError } from '#api/machinery/status-error';
import { listed, SyncFailure } from '../sync-failure.ts';
import { PART_OF_LABEL } from './apply-set.ts';
import { memberText } from './set-member.ts';
import type { SetMember } from './set-member.ts';

/** Owns the fields that repositories set. */
export const FIELD_MANAGER = 'troupe-sync';
/** Requests under way for one Sync. */
const SIDE_BY_SIDE = 8;

export interface ApplyContext {
  /** Of the identity that the objects are applied as. */
  client: Pick<Client, 'apply' | 'find'>;
  force: boolean;
}

/** A member whose kind is served. */
export type ServedMember = SetMember & { resource: NonNullable<SetMember['resource']> };

export interface AppliedMember {
  member: ServedMember;
  change: 'configured' | 'created' | 'unchanged';
}

/** As it is on the server; undefined where it is not there. */
export type CurrentObjects = ReadonlyMap<SetMember, Unstructured | undefined>;

const refOf = ({ namespace, name }: SetMember) => (namespace === undefined ? { name } : { namespace, name });

/**
 * Has the server check all members by dry runs, and changes nothing.
 * @returns the objects as they are
 * @throws SyncFailure with each object that is refused: Conflict when others own fields of all of them, ValidationFailed
 * else; StatusError when the server cannot be asked
 */
export async function validateMembers(
  members: readonly ServedMember[],
  context: ApplyContext,
): Promise<CurrentObjects> {
  const current = new Map<SetMember, Unstructured | undefined>();
  const problems: Problem[] = [];
  await sideBySide(members, async (member) => {
    try {
      current.set(member, await validate(member, context));
    } catch (error) {
      problems.push(problemOf(member, error));
    }
  });
  if (problems.length === 0) return current;
  const reason = problems.every(({ isConflict }) => isConflict) ? 'Conflict' : 'ValidationFailed';
  throw new SyncFailure(reason, listed(problems.map(({ text }) => text).toSorted()), { isFinal: true });
}

async function validate(
  member: ServedMember,
  { client, force }: ApplyContext,
): Promise<Unstructured | undefined> {
  const { resource, object } = member;
  const current = await client.find<Unstructured>(resource, refOf(member));
  const set = current?.metadata.labels?.[PART_OF_LABEL];
  if (set !== undefined && set !== object.metadata.labels?.[PART_OF_LABEL]) {
    throw new StatusError('Conflict', `it belongs to another set, ${set}`);
  }
  await client.apply<Unstructured>(resource, object, { fieldManager: FIELD_MANAGER, force, dryRun: true });
  return current;
}

interface Problem {
  text: string;
  isConflict: boolean;
}

/** Of a member that was refused. Throws on what says nothing about the member. */
function problemOf(member: SetMember, error: unknown): Problem {
  if (!isRefusal(error)) throw error;
  return { text: `${memberText(member)}: ${error.message}`, isConflict: error.reason === 'Conflict' };
}

const isRefusal = (error: unknown): error is StatusError =>
  error instanceof StatusError &&
  ![
    'InternalError',
    'ServerTimeout',
    'ServiceUnavailable',
    'Timeout',
    'TooManyRequests',
    'Unauthorized',
  ].includes(error.reason);

/**
 * Applies members one kind after the other, those of one kind side by side.
 * @throws SyncFailure ReconciliationFailed with each object that failed; StatusError when the server cannot be asked
 */
export async function applyMembers(
  members: readonly ServedMember[],
  current: CurrentObjects,
  context: ApplyContext,
): Promise<AppliedMember[]> {
  const applied: AppliedMember[] = [];
  for (const group of sameKinds(members)) {
    const problems: Problem[] = [];
    await sideBySide(group, async (member) => {
      try {
        applied.push(await applyMember(member, current.get(member), context));
      } catch (error) {
        problems.push(problemOf(member, error));
      }
    });
    if (problems.length > 0) {
      throw new SyncFailure('ReconciliationFailed', listed(problems.map(({ text }) => text)));
    }
  }
  return applied;
}

async function applyMember(
  member: ServedMember,
  before: Unstructured | undefined,
  { client, force }: ApplyContext,
): Promise<AppliedMember> {
  const options = { fieldManager: FIELD_MANAGER, force };
  const after = await client.apply<Unstructured>(member.resource, member.object, options);
  if (before === undefined) return { member, change: 'created' };
  const isSame = before.metadata.resourceVersion === after.metadata.resourceVersion;
  return { member, change: isSame ? 'unchanged' : 'configured' };
}

function sameKinds<T extends { kind: string }>(members: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (const member of members) {
    const last = groups.at(-1);
    if (last?.[0]?.kind === member.kind) last.push(member);
    else groups.push([member]);
  }
  return groups;
}

/** Rejects with the first failure, once nothing is under way. */
export async function sideBySide<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const workers = Array.from({ length: Math.min(SIDE_BY_SIDE, items.length) }, async () => {
    for (const item of waiting) await work(item);
  });
  await Promise.allSettled(workers);
  await Promise.all(workers);
}
