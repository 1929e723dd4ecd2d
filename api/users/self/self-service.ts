import { randomBytes } from 'node:crypto';
import { unauthorized } from '../../authentication/authenticator.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import { notFound, StatusError } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import { API_KEY_EXTRA, mayLogIn, SESSION_EXTRA } from '../../types/account.ts';
import type { APIKey } from '../../types/generated/apikey.ts';
import { API_KEYS } from '../../types/resources.ts';
import type { Account, AccountStore } from '../account-store.ts';
import type { ApiKeys } from '../api-keys/api-keys.ts';
import { wrongPassword } from '../login/login.ts';
import type { LoginAttempts } from '../login/login-attempts.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { SessionInfo, Sessions } from '../sessions/sessions.ts';

export interface SelfServiceOptions {
  accounts: AccountStore;
  passwords: Passwords;
  sessions: Sessions;
  apiKeys: ApiKeys;
  attempts: LoginAttempts;
}

export interface ApiKeyRequest {
  /** Absent: one is made up. */
  name: string | undefined;
  description: string | undefined;
  /** RFC 3339. */
  expirationTime: string | undefined;
  readOnly: boolean;
}

/** Lets people see and change their own account. Failures are StatusErrors. */
export class SelfService {
  readonly #options: SelfServiceOptions;

  constructor(options: SelfServiceOptions) {
    this.#options = options;
  }

  /**
   * The account of whoever makes a request. Others may have the same name by another way to log in, or by
   * impersonation: the uid tells them apart.
   * @throws StatusError Forbidden for somebody without an account
   */
  async account(user: User): Promise<Account> {
    const isOurs = user.extra?.[SESSION_EXTRA] !== undefined || user.extra?.[API_KEY_EXTRA] !== undefined;
    const account = isOurs ? await this.#options.accounts.user(user.name) : undefined;
    if (account === undefined || account.metadata.uid !== user.uid) throw noAccount();
    return account;
  }

  async changeProfile(user: User, { displayName }: { displayName: string | undefined }): Promise<Account> {
    const { metadata } = await this.account(user);
    return this.#options.accounts.changeUser(metadata.name, { displayName });
  }

  /** Takes the place of all preferences. @throws StatusError Invalid when they are too large */
  async setPreferences(user: User, preferences: JsonObject): Promise<JsonObject> {
    const { metadata } = await this.account(user);
    const changed = await this.#options.accounts.changeUser(metadata.name, { preferences });
    return changed.spec.preferences ?? {};
  }

  /**
   * All other sessions end.
   * @throws StatusError Unauthorized for a wrong password, Invalid for a new one that is not good enough, TooManyRequests
   */
  async changePassword(
    user: User,
    { oldPassword, newPassword, network }: { oldPassword: string; newPassword: string; network: string },
  ): Promise<void> {
    const { passwords, sessions, attempts } = this.#options;
    const { account, session } = await this.#inSession(user);
    const attempt = await attempts.enter({ userName: user.name, network, device: `session ${session}` });
    const instead = await passwords.verify(account, oldPassword);
    if (instead === undefined) throw wrongPassword();
    await attempt.succeeded();
    // A reset in between counts: whoever knows nothing but the old password must not undo it.
    if (!(await passwords.set(account, newPassword, { instead }))) throw wrongPassword();
    await sessions.endAll(account, { except: session });
  }

  async logOut(user: User, { all }: { all: boolean }): Promise<void> {
    const { account, session } = await this.#inSession(user);
    if (all) await this.#options.sessions.endAll(account);
    else await this.#options.sessions.end(account, session);
  }

  async sessions(user: User): Promise<SessionInfo[]> {
    const account = await this.account(user);
    const [own] = user.extra?.[SESSION_EXTRA] ?? [];
    return this.#options.sessions.list(account, own);
  }

  async endSession(user: User, id: string): Promise<void> {
    const { account } = await this.#inSession(user);
    await this.#options.sessions.end(account, id);
  }

  async apiKeys(user: User): Promise<APIKey[]> {
    return this.#options.apiKeys.list(await this.account(user));
  }

  /** A key with its secret, which is shown this once. @throws StatusError Forbidden, AlreadyExists, Invalid */
  async createApiKey(user: User, request: ApiKeyRequest): Promise<{ apiKey: APIKey; key: string }> {
    const { account } = await this.#inSession(user);
    const { accounts, apiKeys } = this.#options;
    const own = account.metadata.name;
    const name = keyName(account, request.name ?? randomBytes(4).toString('hex'));
    const apiKey = await accounts.createApiKey(name, account, {
      userName: own,
      ...(request.description === undefined ? {} : { description: request.description }),
      ...(request.expirationTime === undefined ? {} : { expirationTime: request.expirationTime }),
      readOnly: request.readOnly,
    });
    return { apiKey, key: await apiKeys.issue(name) };
  }

  /** `name`: the whole one, or as `createApiKey` takes it. @throws StatusError NotFound, for a key of somebody else too */
  async deleteApiKey(user: User, name: string): Promise<void> {
    const { account } = await this.#inSession(user);
    const apiKey =
      (await this.#ownKey(account, name)) ?? (await this.#ownKey(account, keyName(account, name)));
    if (apiKey === undefined) throw notFound(API_KEYS, name);
    await this.#options.accounts.deleteApiKey(apiKey.metadata.name, apiKey.metadata.uid ?? '');
  }

  async #ownKey(account: Account, name: string): Promise<APIKey | undefined> {
    const apiKey = await this.#options.accounts.apiKey(name);
    return apiKey?.spec.userName === account.metadata.name ? apiKey : undefined;
  }

  /**
   * A credential that outlives a session needs a login with the password: an API key that was lost must not make
   * others, and who impersonates somebody has no session.
   */
  async #inSession(user: User): Promise<{ account: Account; session: string }> {
    const account = await this.account(user);
    const [session] = user.extra?.[SESSION_EXTRA] ?? [];
    if (session === undefined) {
      throw new StatusError('Forbidden', 'this needs a login with the password, not an API key');
    }
    const { name: sub, uid = '' } = account.metadata;
    const isAlive = await this.#options.sessions.accountOf({ sub, uid, sid: session });
    if (isAlive === undefined || !mayLogIn(account)) throw unauthorized();
    return { account, session };
  }
}

/** The name of the User in front: nobody takes up names for others. */
const keyName = ({ metadata }: Account, name: string): string => `${metadata.name}.${name}`;

const noAccount = (): StatusError =>
  new StatusError(
    'Forbidden',
    'only people who have an account here, and are logged in with it, can do this',
  );
