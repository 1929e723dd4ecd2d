import { withAnonymous } from './authentication/anonymous.ts';
import type { AnonymousPaths } from './authentication/anonymous.ts';
import { withOneCredential } from './authentication/api-key.ts';
import { withAuthenticatedGroup } from './authentication/authenticated-group.ts';
import { createUnionAuthenticator } from './authentication/authenticator.ts';
import type { Authenticator, TokenAuthenticator } from './authentication/authenticator.ts';
import {
  createBearerAuthenticator,
  createWebSocketProtocolAuthenticator,
} from './authentication/bearer-token.ts';
import { metered } from './authentication/metered.ts';
import { createServiceAccountTokens } from './authentication/service-account/service-account-token.ts';
import type { ServiceAccountTokenOptions } from './authentication/service-account/service-account-token.ts';
import { createStaticToken } from './authentication/static-token.ts';
import { createServerTokens } from './authentication/tokens.ts';
import type { ServerTokens } from './authentication/tokens.ts';
import { readOnlyKeysMayRead } from './authorization/account-rules.ts';
import { everybodyMayBatch, mastersMayDoEverything } from './authorization/authorizers.ts';
import { createExecutorAuthorizer } from './authorization/executor/executor-authorizer.ts';
import type { StoredObjects } from './authorization/executor/executor-authorizer.ts';
import { createUnionAuthorizer } from './machinery/users/authorizer.ts';
import type { Authorizer } from './machinery/users/authorizer.ts';
import type { Meter } from './machinery/meter.ts';
import { AUTHENTICATED_GROUP, MASTERS_GROUP } from './machinery/users/user.ts';
import type { User } from './machinery/users/user.ts';
import { OWNER_NAME } from './types/account.ts';
import type { Accounts } from './users/accounts.ts';

/** Whoever holds the token of the data folder owns the server. */
const OWNER: User = { name: OWNER_NAME, groups: [MASTERS_GROUP, AUTHENTICATED_GROUP] };

export interface TokenOptions {
  /** Of the data folder. */
  token: string;
  serviceAccounts: ServiceAccountTokenOptions;
  accounts: Pick<Accounts, 'tokens'>;
  /** Sorts of tokens that are asked after the server's own: they may have to ask somebody else. */
  tokenAuthenticators: readonly TokenAuthenticator[];
}

/** All sorts of tokens, in the order in which they are asked. */
export function createTokens({
  token,
  serviceAccounts,
  accounts,
  tokenAuthenticators,
}: TokenOptions): ServerTokens {
  return createServerTokens({
    authenticators: [
      createStaticToken({ token, user: OWNER }),
      createServiceAccountTokens(serviceAccounts),
      ...accounts.tokens,
      ...tokenAuthenticators,
    ],
    audiences: serviceAccounts.audiences,
  });
}

export interface AuthenticationOptions {
  tokens: ServerTokens;
  /** Ways to log in that are asked before tokens in the usual places. */
  requestAuthenticators: readonly Authenticator[];
  mayComeAnonymously: AnonymousPaths;
  meter: Meter;
}

/** All ways to log in: a token comes in a header or, for browsers, in a subprotocol of a WebSocket. */
export function createAuthentication({
  tokens,
  requestAuthenticators,
  mayComeAnonymously,
  meter,
}: AuthenticationOptions): Authenticator {
  const ways = createUnionAuthenticator([
    ...requestAuthenticators,
    createBearerAuthenticator(tokens),
    createWebSocketProtocolAuthenticator(tokens),
  ]);
  return metered(withAnonymous(withAuthenticatedGroup(withOneCredential(ways)), mayComeAnonymously), meter);
}

export interface AuthorizationOptions {
  /** Judges by roles and bindings. */
  rbac: Authorizer;
  /** The stored objects that the rights of executor managers depend on. */
  objects: StoredObjects;
}

/** All rules of access, in the order in which they are asked. */
export function createAuthorization({ rbac, objects }: AuthorizationOptions): Authorizer {
  return createUnionAuthorizer([
    { name: 'keys', authorizer: readOnlyKeysMayRead },
    { name: 'masters', authorizer: mastersMayDoEverything },
    { name: 'batches', authorizer: everybodyMayBatch },
    { name: 'executors', authorizer: createExecutorAuthorizer(objects) },
    { name: 'rbac', authorizer: rbac },
  ]);
}
