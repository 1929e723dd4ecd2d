import { isSecretOf, makeApiKey } from '../../authentication/api-key.ts';
import type { ParsedApiKey } from '../../authentication/api-key.ts';
import { BoundedCache } from '../../machinery/bounded-cache.ts';
import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { notFound } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import { INTERNAL_RESOURCES } from '../../registry/internal-resources.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import {
  API_KEY_EXTRA,
  mayLogIn,
  READ_ONLY_EXTRA,
  timesDisabled,
  userOfAccount,
} from '../../types/account.ts';
import type { APIKey } from '../../types/generated/apikey.ts';
import { API_KEYS, USERS } from '../../types/resources.ts';
import { API_KEY_RESOURCE } from '../account-store.ts';
import type { Account, AccountStore } from '../account-store.ts';
import { Records } from '../records/records.ts';

/** By the uid of an APIKey, without its dashes. */
interface ApiKeyRecord {
  /** Name of the APIKey. */
  name: string;
  /** Of the User that it was issued for: the next one of that name does not take it over. */
  userUID: string;
  /** `timesDisabled` of the User, as it was then. Records of before that was counted have none. */
  timesDisabled?: number;
  hash: string;
}

/** How exact `status.lastUsedTime` is: a write per use would cost more than the use. */
const NOTE_EVERY_MS = 5 * 60_000;

export interface ApiKeysOptions {
  store: ObjectStore;
  accounts: AccountStore;
  clock: Clock;
  logger: Logger;
}

/** The secrets of APIKeys. Failures are StatusErrors. */
export class ApiKeys {
  readonly #records: Records<ApiKeyRecord>;
  readonly #accounts: AccountStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** When uses were noted last, by the name of the key. */
  readonly #noted = new BoundedCache<number>({ most: 10_000 });

  constructor({ store, accounts, clock, logger }: ApiKeysOptions) {
    this.#records = new Records({ store, resource: INTERNAL_RESOURCES.apiKeys });
    this.#accounts = accounts;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** A new key for an APIKey, shown this once; an earlier one no longer works. @throws StatusError NotFound */
  async issue(name: string): Promise<string> {
    const apiKey = await this.#accounts.apiKey(name);
    if (apiKey === undefined) throw notFound(API_KEYS, name);
    const account = await this.#accounts.user(apiKey.spec.userName);
    if (account === undefined) throw notFound(USERS, apiKey.spec.userName);
    const userUID = account.metadata.uid ?? '';
    const id = idOf(apiKey);
    const { key, hash } = makeApiKey(id);
    await this.#records.change({ owner: '', name: id }, () => ({
      ...{ name, userUID, hash },
      timesDisabled: timesDisabled(account),
    }));
    await this.#accounts.noteStatus(API_KEY_RESOURCE, name, { issuedTime: formatTime(this.#clock.now()) });
    return key;
  }

  /** Who a key stands for. Undefined for one that is not known, has ended, or whose User may not log in. */
  async userOf({ id, secret }: ParsedApiKey): Promise<User | undefined> {
    const record = await this.#records.peek({ owner: '', name: id });
    if (record === undefined || !isSecretOf(secret, record.hash)) return undefined;
    const apiKey = await this.#accounts.apiKey(record.name);
    if (apiKey === undefined || idOf(apiKey) !== id || this.#isOver(apiKey)) return undefined;
    const account = await this.#accounts.user(apiKey.spec.userName);
    if (account === undefined || !isOf(account, record) || !mayLogIn(account)) return undefined;
    this.#noteUse(apiKey);
    return userOfAccount(account, {
      [API_KEY_EXTRA]: [record.name],
      ...(apiKey.spec.readOnly === true ? { [READ_ONLY_EXTRA]: ['true'] } : {}),
    });
  }

  async list(account: Account): Promise<APIKey[]> {
    const keys = await this.#accounts.apiKeys();
    return keys.filter((one) => one.spec.userName === account.metadata.name);
  }

  /** Drops the secrets of APIKeys that are gone. */
  async sweep(): Promise<void> {
    // A record is younger than its APIKey.
    const records = await this.#records.list();
    const known = new Set((await this.#accounts.apiKeys()).map(idOf));
    for (const { key } of records) {
      if (!known.has(key.name)) await this.#records.remove(key);
    }
  }

  #isOver({ metadata, spec }: APIKey): boolean {
    if (metadata.deletionTimestamp !== undefined) return true;
    return spec.expirationTime !== undefined && Date.parse(spec.expirationTime) <= this.#clock.now();
  }

  #noteUse({ metadata, status }: APIKey): void {
    const now = this.#clock.now();
    const stored = status?.lastUsedTime;
    const last = this.#noted.get(metadata.name) ?? (stored === undefined ? 0 : Date.parse(stored));
    if (now - last < NOTE_EVERY_MS) return;
    this.#noted.set(metadata.name, now);
    // The request does not wait for it.
    this.#accounts
      .noteStatus(API_KEY_RESOURCE, metadata.name, { lastUsedTime: formatTime(now) })
      .catch((error: unknown) =>
        this.#logger.warn('could not note the use of an API key', { error: describeError(error) }),
      );
  }
}

const isOf = (account: Account, record: ApiKeyRecord): boolean =>
  record.userUID === account.metadata.uid && (record.timesDisabled ?? 0) === timesDisabled(account);

const idOf = ({ metadata }: APIKey): string => (metadata.uid ?? '').replaceAll('-', '');
