import type { Clock } from '../../machinery/clock.ts';
import { formatTime } from '../../machinery/clock.ts';
import { unauthorized } from '../../authentication/authenticator.ts';
import { ACCESS_TOKEN, DEVICE_TOKEN } from '../../authentication/session-token.ts';
import type { SessionTokens } from '../../authentication/session-token.ts';
import { INTERNAL_RESOURCES } from '../../registry/internal-resources.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import { mayLogIn, timesDisabled } from '../../types/account.ts';
import type { Account, AccountStore } from '../account-store.ts';
import { Records } from '../records/records.ts';
import {
  isHashOf,
  newSecret,
  newSessionId,
  parseRefreshToken,
  refreshTokenText,
  secretHash,
} from './refresh-token.ts';
import { rotate } from './session-family.ts';
import type { Rotation, SessionRecord } from './session-family.ts';

/** Requirement A8: people log in again after so long. */
const SESSION_LIFE_MS = 30 * 24 * 3_600_000;
/** The oldest goes when there are more. */
const MOST_SESSIONS = 50;

/** Where a login comes from, for the list that people see of their sessions. */
export interface LoginPlace {
  /** Of the client. */
  address: string;
  userAgent: string;
}

/** The answer to a login and to a renewal (RFC 6749, section 5.1). */
export interface TokenSet {
  access_token: string;
  token_type: 'bearer';
  /** Seconds. */
  expires_in: number;
  refresh_token: string;
}

export interface SessionInfo {
  id: string;
  created_at: string;
  expires_at: string;
  client: string;
  address: string;
  /** Whether it is that of the request. */
  current: boolean;
}

export interface SessionsOptions {
  store: ObjectStore;
  accounts: AccountStore;
  tokens: SessionTokens;
  clock: Clock;
}

/** Logins that last. Failures are StatusErrors. */
export class Sessions {
  readonly #records: Records<SessionRecord>;
  readonly #accounts: AccountStore;
  readonly #tokens: SessionTokens;
  readonly #clock: Clock;

  constructor({ store, accounts, tokens, clock }: SessionsOptions) {
    this.#records = new Records({ store, resource: INTERNAL_RESOURCES.sessions });
    this.#accounts = accounts;
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** @returns the id of the session beside its first tokens */
  async open(
    account: Account,
    { address, userAgent }: LoginPlace,
  ): Promise<{ session: string; tokens: TokenSet }> {
    const now = this.#clock.now();
    const user = account.metadata.name;
    await this.#makeRoom(account);
    const token = { user, session: newSessionId(), family: newSecret(), secret: newSecret() };
    await this.#records.change({ owner: user, name: token.session }, () => ({
      userUID: account.metadata.uid ?? '',
      family: secretHash(token.family),
      timesDisabled: timesDisabled(account),
      current: [secretHash(token.secret)],
      createdAt: now,
      expiresAt: now + SESSION_LIFE_MS,
      client: userAgent.slice(0, 200),
      address,
    }));
    const tokens = await this.#tokenSet(account, token.session, refreshTokenText(token));
    return { session: token.session, tokens };
  }

  /**
   * The next tokens of a session. A token that was used before ends its session.
   * @throws StatusError Unauthorized
   */
  async refresh(text: string): Promise<TokenSet> {
    const shown = parseRefreshToken(text);
    const account = shown && (await this.#accounts.user(shown.user));
    if (shown === undefined || account === undefined || !mayLogIn(account)) throw unauthorized();
    const next = newSecret();
    let rotation: Rotation = { verdict: 'refused' };
    await this.#records.change({ owner: shown.user, name: shown.session }, (record) => {
      if (record === undefined || !isOf(account, record)) return record;
      rotation = rotate(record, { ...shown, next }, this.#clock.now());
      if (rotation.verdict === 'reused') return undefined;
      return rotation.verdict === 'rotated' ? rotation.record : record;
    });
    if ((rotation as Rotation).verdict !== 'rotated') throw unauthorized();
    return this.#tokenSet(account, shown.session, refreshTokenText({ ...shown, secret: next }));
  }

  /** Ends the session of a refresh token, one that was used before too. Nothing happens for any other text. */
  async revoke(text: string): Promise<void> {
    const shown = parseRefreshToken(text);
    if (shown === undefined) return;
    await this.#records.change({ owner: shown.user, name: shown.session }, (record) =>
      record !== undefined && isHashOf(record.family, shown.family) ? undefined : record,
    );
  }

  /** Whose session it is, as long as it lasts; as memory has it. */
  async accountOf({
    sub,
    uid,
    sid,
  }: {
    sub: string;
    uid: string;
    sid: string;
  }): Promise<Account | undefined> {
    const record = await this.#records.peek({ owner: sub, name: sid });
    if (record === undefined || record.expiresAt <= this.#clock.now()) return undefined;
    const account = await this.#accounts.user(sub);
    if (account === undefined || account.metadata.uid !== uid) return undefined;
    return isOf(account, record) && mayLogIn(account) ? account : undefined;
  }

  /** `own`: the id of the session that asks. */
  async list(account: Account, own?: string): Promise<SessionInfo[]> {
    const sessions = await this.#of(account);
    return sessions.map(({ key, value }) => ({
      id: key.name,
      created_at: formatTime(value.createdAt),
      expires_at: formatTime(value.expiresAt),
      client: value.client,
      address: value.address,
      current: key.name === own,
    }));
  }

  async end(account: Account, id: string): Promise<void> {
    await this.#records.remove({ owner: account.metadata.name, name: id });
  }

  /** Ends all sessions of a User but one. */
  async endAll(account: Account, { except = '' }: { except?: string } = {}): Promise<void> {
    for (const { key } of await this.#records.list(account.metadata.name)) {
      if (key.name !== except) await this.#records.remove(key);
    }
  }

  /** The token that a client shows at the next login from the same device. */
  deviceToken(account: Account, id = newSessionId()): Promise<string> {
    return this.#tokens.issue(DEVICE_TOKEN, claimsOf(account, id));
  }

  /** The id of a device that this account was used from. */
  async deviceOf(account: Account | undefined, token: string): Promise<string | undefined> {
    const claims = await this.#tokens.verify(DEVICE_TOKEN, token);
    const isOfAccount = claims !== undefined && account !== undefined && claims.uid === account.metadata.uid;
    return isOfAccount ? claims.sid : undefined;
  }

  /** Drops sessions that have ended. `uidsNow`: of the Users that are there, by name. */
  async sweep(uidsNow: () => Promise<ReadonlyMap<string, string>>): Promise<void> {
    // A record is younger than its User: looked up after the records, the User of each is there.
    const records = await this.#records.list();
    const uids = await uidsNow();
    for (const { key, value } of records) {
      const isOver = value.expiresAt <= this.#clock.now() || uids.get(key.owner) !== value.userUID;
      if (isOver) await this.#records.remove(key);
    }
  }

  async #of(account: Account): Promise<{ key: { owner: string; name: string }; value: SessionRecord }[]> {
    const sessions = await this.#records.list(account.metadata.name);
    return sessions
      .filter(({ value }) => isOf(account, value) && value.expiresAt > this.#clock.now())
      .sort((a, b) => b.value.createdAt - a.value.createdAt);
  }

  async #makeRoom(account: Account): Promise<void> {
    for (const { key } of (await this.#of(account)).slice(MOST_SESSIONS - 1)) await this.#records.remove(key);
  }

  async #tokenSet(account: Account, session: string, refreshToken: string): Promise<TokenSet> {
    return {
      access_token: await this.#tokens.issue(ACCESS_TOKEN, claimsOf(account, session)),
      token_type: 'bearer',
      expires_in: ACCESS_TOKEN.life / 1000,
      refresh_token: refreshToken,
    };
  }
}

/** Not one of a User who had the name before, nor of the time before this User was disabled. */
const isOf = (account: Account, record: SessionRecord): boolean =>
  record.userUID === account.metadata.uid && (record.timesDisabled ?? 0) === timesDisabled(account);

const claimsOf = ({ metadata }: Account, sid: string): { sub: string; uid: string; sid: string } => ({
  sub: metadata.name,
  uid: metadata.uid ?? '',
  sid,
});
