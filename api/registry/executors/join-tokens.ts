import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { qualifiedResource } from '../../machinery/group-version-kind.ts';
import { ignoreNotFound, StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { JoinToken, JoinTokenStatus } from '../../types/generated/join-token.ts';
import { isHashOf, parseJoinToken, secretHash } from '../../types/join-token.ts';
import type { JoinRequest } from '../../types/join-token.ts';
import { JOIN_TOKENS } from '../../types/resources.ts';
import type { Registry } from '../registry.ts';
import type { Target } from '../resource.ts';
import { retryOnConflict } from '../write/retry-on-conflict.ts';

export interface JoinTokensOptions {
  registry: Registry;
  clock: Clock;
}

/** A machine that did not get its answer asks again soon; later its Executor may be removed, or another machine. */
const REPEAT_MS = 10 * 60 * 1000;

/**
 * The JoinToken that a machine shows. A machine that has used it may show it again with the same claim for ten minutes: the
 * answer may have been lost. Why a token is refused is told to those only who know its secret.
 * @throws StatusError Unauthorized
 */
export async function findJoinToken(
  { registry, clock }: JoinTokensOptions,
  { token, claim }: JoinRequest,
): Promise<JoinToken> {
  const parsed = parseJoinToken(token);
  if (parsed === undefined) throw refused('is not whole: it has the form ID.SECRET');
  const found = await get(registry, parsed.id);
  if (found === undefined || !isHashOf(found.spec.tokenHash, parsed.secret)) {
    throw refused('is not known: it was revoked, or another server has made it');
  }
  const { expirationTime } = found.spec;
  // Not the other way round: a time that cannot be read is over.
  if (!(Date.parse(expirationTime) > clock.now())) throw refused(`expired at ${expirationTime}`);
  const { usedTime, executorName = '', claimHash } = found.status ?? {};
  if (usedTime === undefined) return found;
  const isRecent = clock.now() - Date.parse(usedTime) < REPEAT_MS;
  if (!isRecent || claimHash === undefined || !isHashOf(claimHash, claim)) {
    throw refused(`was used at ${usedTime}, by the machine that became the executor "${executorName}"`);
  }
  return found;
}

/**
 * Writes down that a machine becomes the Executor `name`: the token is worth nothing to others from then on.
 * @throws StatusError Unauthorized when another machine was faster
 */
export async function useJoinToken(
  options: JoinTokensOptions,
  request: JoinRequest,
  name: string,
): Promise<void> {
  const { registry, clock } = options;
  await retryOnConflict(async () => {
    const { metadata, status: known } = await findJoinToken(options, request);
    if (known?.usedTime !== undefined) return;
    const status: JoinTokenStatus = {
      usedTime: formatTime(clock.now()),
      executorName: name,
      claimHash: secretHash(request.claim),
    };
    await registry.patch({
      ...{ target: targetOf(registry, metadata.name), subresource: 'status', type: 'merge' },
      body: { metadata: { resourceVersion: metadata.resourceVersion }, status },
      ...{ dryRun: false, fieldValidation: 'Strict', user: API_SERVER_USER },
    });
  });
}

async function get(registry: Registry, name: string): Promise<JoinToken | undefined> {
  const target = targetOf(registry, name);
  const found = await ignoreNotFound(registry.get({ target, user: API_SERVER_USER }));
  return found?.object as unknown as JoinToken | undefined;
}

function targetOf({ catalog }: Registry, name: string): Target {
  const resource = catalog.find(JOIN_TOKENS);
  if (resource === undefined) throw new Error(`${qualifiedResource(JOIN_TOKENS)} are not served`);
  return { resource, namespace: '', name };
}

const refused = (why: string): StatusError => new StatusError('Unauthorized', `the join token ${why}`);
