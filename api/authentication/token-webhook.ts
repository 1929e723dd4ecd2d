import { sleep } from '../machinery/clock.ts';
import type { Clock } from '../machinery/clock.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import { describeError } from '../machinery/logger.ts';
import type { Logger } from '../machinery/logger.ts';
import type { User } from '../machinery/users/user.ts';
import { unauthorized } from './authenticator.ts';
import type { TokenAuthenticator } from './authenticator.ts';
import type { Fetch } from './oidc/issuer-keys.ts';
import { createTokenCache } from './token-cache.ts';

export interface TokenWebhookOptions {
  /** Gets each TokenReview by POST. */
  url: string;
  /** Of authentication.k8s.io. */
  version: 'v1' | 'v1beta1';
  /** Such as `authorization`, at that moment. */
  headers(): Promise<Readonly<Record<string, string>>>;
  fetch: Fetch;
  /** Under which names this server is meant. */
  audiences: readonly string[];
  /** How long answers are kept, of either sort; 0: not at all. */
  cacheMs: number;
  /** Numbers in [0, 1). */
  random: () => number;
  clock: Clock;
  logger: Logger;
}

/** Asked five times at most, after half a second that grows by half each time (apiserver pkg/util/webhook). */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;
const GROWTH = 1.5;
const JITTER = 0.2;
const ANSWER_MS = 30_000;
/** Statuses of failures that are said to pass. */
const PASSING_CODES = new Set([429, 500, 504]);

/**
 * Asks a service whose token it is (apiserver plugin/pkg/authenticator/token/webhook). It is asked after all others,
 * and an error of it is as good as a wrong token, but is not kept.
 */
export function createTokenWebhook(options: TokenWebhookOptions): TokenAuthenticator {
  const { cacheMs, clock, logger } = options;
  const asking: TokenAuthenticator = {
    async authenticateToken(token) {
      try {
        return userOf(await review(token, options), options);
      } catch (error) {
        logger.error('the webhook for tokens gave no answer', { error: describeError(error) });
        throw unauthorized(error);
      }
    },
  };
  return createTokenCache(asking, { successMs: cacheMs, failureMs: cacheMs, clock });
}

class PassingFailure extends Error {}

async function review(token: string, options: TokenWebhookOptions): Promise<unknown> {
  const { clock, random } = options;
  let pause = FIRST_PAUSE_MS;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await askOnce(token, options);
    } catch (error) {
      if (attempt === ATTEMPTS || !isPassing(error)) throw error;
    }
    await sleep(clock, pause * (1 + JITTER * random()));
    pause *= GROWTH;
  }
}

/** A connection that was cut, or an answer that says so itself. */
function isPassing(error: unknown): boolean {
  if (error instanceof PassingFailure) return true;
  const cause = error instanceof Error ? error.cause : undefined;
  return isJsonObject(cause) && ['ECONNRESET', 'UND_ERR_SOCKET'].includes(String(cause['code']));
}

async function askOnce(token: string, options: TokenWebhookOptions): Promise<unknown> {
  const { url, version, headers, fetch, audiences } = options;
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...(await headers()), 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({
      apiVersion: `authentication.k8s.io/${version}`,
      kind: 'TokenReview',
      metadata: { creationTimestamp: null },
      spec: { token, audiences },
      status: { user: {} },
    }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (response.ok) return response.json();
  await response.body?.cancel();
  const text = `it answers with ${response.status}`;
  const isPassingCode = PASSING_CODES.has(response.status) || response.headers.has('retry-after');
  throw isPassingCode ? new PassingFailure(text) : new Error(text);
}

/** Undefined for a token that the service does not know. @throws Error where it says why, or makes no sense */
function userOf(answer: unknown, { audiences }: TokenWebhookOptions): User | undefined {
  const status = isJsonObject(answer) ? answer['status'] : undefined;
  if (!isJsonObject(status)) throw new Error('its answer is no TokenReview');
  const meant = textsOf(status['audiences']);
  if (meant.length > 0 && !meant.some((one) => audiences.includes(one))) return undefined;
  if (status['authenticated'] !== true) return undefined;
  const user = isJsonObject(status['user']) ? status['user'] : {};
  const { username, uid, groups, extra } = user;
  if (typeof username !== 'string' || username === '') throw new Error('its answer names no user');
  const pairs = isJsonObject(extra) ? Object.entries(extra) : [];
  return {
    name: username,
    ...(typeof uid === 'string' && uid !== '' ? { uid } : {}),
    groups: textsOf(groups),
    ...(pairs.length === 0
      ? {}
      : { extra: Object.fromEntries(pairs.map(([key, values]) => [key, textsOf(values)])) }),
  };
}

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
