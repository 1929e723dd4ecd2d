import { isStatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { JoinToken } from '../../types/generated/join-token.ts';
import { JOIN_TOKENS } from '../../types/resources.ts';
import type { RetentionRound } from './round.ts';

/** Whoever shows a token that has ended is told so for a day, and by whom it was used; then it is not known. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** Removes JoinTokens whose time is long over, used or not. There are few of them. */
export async function expireJoinTokens({ registry, store, clock, signal }: RetentionRound): Promise<void> {
  const resource = registry.catalog.find(JOIN_TOKENS);
  if (resource === undefined) return;
  const { items } = await store.list({ resource: 'jointokens.agent.wecode.io', minRevision: 0 });
  for (const { key, object } of items) {
    const { metadata, spec } = object as unknown as JoinToken;
    if (signal.aborted || Date.parse(spec.expirationTime) + KEPT_MS > clock.now()) continue;
    const target = { resource, namespace: key.namespace, name: key.name };
    const { uid } = metadata;
    try {
      const preconditions = uid === undefined ? {} : { uid };
      await registry.delete({ target, preconditions, dryRun: false, user: API_SERVER_USER });
    } catch (error) {
      // Another replica, or somebody, was faster.
      if (!isStatusError(error, 'NotFound') && !isStatusError(error, 'Conflict')) throw error;
    }
  }
}
