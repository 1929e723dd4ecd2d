import type { Sandbox } from '#api/types/generated/sandbox';
import type { NodeRecord } from '../node-record.ts';

/** Whether the run was ended by its share of the budget, not by a limit of its Shell. */
export function isOutspent({ share }: NodeRecord, { spec, status }: Sandbox): boolean {
  const { limits } = spec;
  if (share === undefined) return false;
  if (status?.reason === 'TokenLimit') return share.tokens !== undefined && limits?.tokens === share.tokens;
  return status?.reason === 'CostLimit' && share.costUSD !== undefined && limits?.costUSD === share.costUSD;
}
