import { createApiKeyAuthenticator, createApiKeyTokens } from '../authentication/api-key.ts';
import type { Authenticator, TokenAuthenticator } from '../authentication/authenticator.ts';
import { createSessionAuthenticator, createSessionTokens } from '../authentication/session-token.ts';
import type { TokenKeys } from '../authentication/session-token.ts';
import type { Clock } from '../machinery/clock.ts';
import type { Logger } from '../machinery/logger.ts';
import { startRounds } from '../machinery/rounds.ts';
import type { Rounds } from '../machinery/rounds.ts';
import type { Registry } from '../registry/registry.ts';
import type { CountingRedis } from '../shared-counts/counting-redis.ts';
import type { Store } from '../storage/contract/store.ts';
import { SESSION_EXTRA, userOfAccount } from '../types/account.ts';
import { AccountStore } from './account-store.ts';
import { ApiKeys } from './api-keys/api-keys.ts';
import { logIn } from './login/login.ts';
import type { LoggedIn, LoginRequest } from './login/login.ts';
import { createLoginAttempts } from './login/login-attempts.ts';
import { createSharedCounts } from './login/shared-counts.ts';
import type { Mailer } from './mailer.ts';
import { Passwords } from './passwords/passwords.ts';
import { Recovery } from './recovery/recovery.ts';
import { Registration } from './registration/registration.ts';
import type { RegistrationMode } from './registration/registration.ts';
import { SelfService } from './self/self-service.ts';
import { Sessions } from './sessions/sessions.ts';
import { Statistics } from './statistics.ts';

export interface AccountsOptions {
  /** Asked when a request needs it. */
  registry: () => Registry;
  store: Store;
  /** They sign tokens of sessions, and nothing else. */
  keys: TokenKeys;
  registration: RegistrationMode;
  mailer: Mailer | undefined;
  /** Where replicas count logins together; absent: each for itself. */
  redis: CountingRedis | undefined;
  clock: Clock;
  logger: Logger;
}

/** People with accounts of the server's own (docs/adr/0039-accounts-of-people.md). Failures are StatusErrors. */
export interface Accounts {
  /** How people and their programs show who they are. */
  readonly tokens: readonly TokenAuthenticator[];
  readonly authenticators: readonly Authenticator[];
  logIn(request: LoginRequest): Promise<LoggedIn>;
  readonly sessions: Sessions;
  readonly apiKeys: ApiKeys;
  readonly recovery: Recovery;
  readonly registration: Registration;
  readonly self: SelfService;
  readonly statistics: Statistics;
  /** Drops what is of nobody, and what has ended, now and then. */
  startSweeping(): Rounds;
}

/** @throws Error, for a person, where the options contradict each other */
export function createAccounts(options: AccountsOptions): Accounts {
  const { registry, store, keys, registration: mode, mailer, redis, clock, logger } = options;
  const accounts = new AccountStore({ registry, store });
  const passwords = new Passwords({ store, clock });
  const tokens = createSessionTokens({ keys, clock });
  const sessions = new Sessions({ store, accounts, tokens, clock });
  const apiKeys = new ApiKeys({ store, accounts, clock, logger });
  const attempts = createLoginAttempts({
    clock,
    shared: redis === undefined ? undefined : createSharedCounts(redis),
  });
  const parts = { accounts, passwords, sessions, apiKeys, attempts, mailer, clock, logger };
  const sessionTokens = createSessionAuthenticator({
    tokens,
    async userOf(claims) {
      const account = await sessions.accountOf(claims);
      return account && userOfAccount(account, { [SESSION_EXTRA]: [claims.sid] });
    },
  });
  return {
    tokens: [sessionTokens, createApiKeyTokens((key) => apiKeys.userOf(key))],
    authenticators: [createApiKeyAuthenticator((key) => apiKeys.userOf(key))],
    logIn: (request) => logIn(parts, request),
    sessions,
    apiKeys,
    recovery: new Recovery(parts),
    registration: new Registration({ ...parts, mode }),
    self: new SelfService(parts),
    statistics: new Statistics({ store, clock }),
    startSweeping: () => startSweeping({ ...parts, store }),
  };
}

interface Sweeping {
  accounts: AccountStore;
  passwords: Passwords;
  sessions: Sessions;
  apiKeys: ApiKeys;
  store: Store;
  clock: Clock;
  logger: Logger;
}

const SWEEP_EVERY_MS = 60 * 60_000;

/** One of all replicas does it in each interval. */
function startSweeping(parts: Sweeping): Rounds {
  const { store, clock, logger } = parts;
  return startRounds({
    pause: () => SWEEP_EVERY_MS,
    async round() {
      const turn = { name: 'accounts', now: clock.now(), everyMs: SWEEP_EVERY_MS };
      if (await store.retention.takeTurn(turn)) await sweep(parts);
    },
    failure: 'could not remove what is left of accounts',
    clock,
    logger,
  });
}

async function sweep({ accounts, passwords, sessions, apiKeys }: Sweeping): Promise<void> {
  const uids = async (): Promise<Map<string, string>> => {
    const users = await accounts.users();
    return new Map(users.map(({ metadata }) => [metadata.name, metadata.uid ?? '']));
  };
  await passwords.sweep(uids);
  await sessions.sweep(uids);
  await apiKeys.sweep();
}
