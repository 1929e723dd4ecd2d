import { isDeepStrictEqual } from 'node:util';
import type { Client } from '#api/client/client';
import { refOf } from '#api/machinery/resource-type';
import { ignoreNotFound, isStatusError } from '#api/machinery/status-error';
import { phaseOf } from '#api/types/approval';
import type { Approval } from '#api/types/generated/approval';
import { APPROVALS } from '#api/types/resources';

type ApprovalClient = Pick<Client, 'create' | 'delete' | 'get'>;

export async function ensureApprovals(
  client: ApprovalClient,
  approvals: readonly Approval[],
  known: readonly Approval[],
): Promise<void> {
  for (const approval of approvals) await ensureApproval(client, approval, known);
}

/**
 * Makes an Approval, unless it is there. One that was closed goes: somebody waits for it again, and its deletion brings
 * the Task back here. @throws Error where another object has its name
 */
async function ensureApproval(
  client: ApprovalClient,
  approval: Approval,
  known: readonly Approval[],
): Promise<void> {
  const found = known.find(({ metadata }) => metadata.name === approval.metadata.name);
  if (found === undefined) return create(client, approval);
  if (phaseOf(found) !== 'Closed') return;
  const { uid } = found.metadata;
  const preconditions = uid === undefined ? {} : { preconditions: { uid } };
  await ignoreNotFound(client.delete(APPROVALS, refOf(found), preconditions));
}

async function create(client: Pick<Client, 'create' | 'get'>, approval: Approval): Promise<void> {
  try {
    await client.create(APPROVALS, approval);
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
    const found = await client.get(APPROVALS, refOf(approval));
    if (isDeepStrictEqual(found.metadata.ownerReferences, approval.metadata.ownerReferences)) return;
    throw new Error(`Approval ${approval.metadata.name} exists already and is not of this Task`, {
      cause: error,
    });
  }
}
