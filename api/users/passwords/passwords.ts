import { randomUUID } from 'node:crypto';
import type { Clock } from '../../machinery/clock.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import { INTERNAL_RESOURCES } from '../../registry/internal-resources.ts';
import type { Account } from '../account-store.ts';
import { Records } from '../records/records.ts';
import { isHashOf, newSecret, secretHash } from '../sessions/refresh-token.ts';
import { HashQueue } from './hash-queue.ts';
import { hashPassword, isOutdated, verifyPassword } from './password-hash.ts';
import { accountPasswordProblem } from './password-rules.ts';

/** By the name of a User. A record of another uid is that of a User who had the name before, and counts for nothing. */
interface PasswordRecord {
  userUID: string;
  /** PHC; absent while the User has no password. */
  hash?: string;
  /** Another one for each password, and kept when the same is hashed again. Older records have no generation. */
  generation?: string;
  /** Good for one use. */
  reset?: OneTimeToken;
  activation?: OneTimeToken;
}

interface OneTimeToken {
  hash: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** Which of the passwords of a User was shown. It may be another one's turn since. */
export interface ShownPassword {
  generation: string | undefined;
}

export type OneTimePurpose = 'activation' | 'reset';

/** Two threads of the pool of four hash, so that files and names are still read. */
const AT_ONCE = 2;
const MOST_WAITING = 40;

/** The passwords of people, and what lets them set a new one. Failures are StatusErrors. */
export class Passwords {
  readonly #records: Records<PasswordRecord>;
  readonly #clock: Clock;
  readonly #queue = new HashQueue({ atOnce: AT_ONCE, mostWaiting: MOST_WAITING });
  /** Of a password that nobody has. */
  #decoy: Promise<string> | undefined;

  constructor({ store, clock }: { store: ObjectStore; clock: Clock }) {
    this.#records = new Records({ store, resource: INTERNAL_RESOURCES.passwords });
    this.#clock = clock;
  }

  /**
   * Undefined when this is not the password. It takes as long for somebody without an account or a password.
   * @throws StatusError TooManyRequests when too many log in at this moment
   */
  async verify(account: Account | undefined, password: string): Promise<ShownPassword | undefined> {
    const record = account && (await this.#recordOf(account));
    const known = record?.hash ?? (await this.#decoyHash());
    const isEqual = await this.#queue.run(() => verifyPassword(password, known));
    if (!isEqual || account === undefined || record?.hash === undefined) return undefined;
    if (isOutdated(record.hash)) await this.#rehash(account, record.hash, password);
    return { generation: record.generation };
  }

  /** Whether the password that was shown is still that of the User, as the database has it at this moment. */
  async isCurrent(account: Account, { generation }: ShownPassword): Promise<boolean> {
    const record = await this.#recordOf(account);
    return record?.hash !== undefined && record.generation === generation;
  }

  /** @throws StatusError Invalid when the password is not good enough */
  check(account: Account, password: string): void {
    const { displayName, email } = account.spec;
    const problem = accountPasswordProblem(password, { name: account.metadata.name, displayName, email });
    if (problem === undefined) return;
    throw new StatusError('Invalid', `The password ${problem}`, {
      details: {
        causes: [{ reason: 'FieldValueInvalid', field: 'new_password', message: `The password ${problem}` }],
      },
    });
  }

  /**
   * Sets a password, and voids all tokens that could have set another one. `instead`: the password that it takes the
   * place of.
   * @returns whether it was set: not when another one has taken that place by now
   * @throws StatusError Invalid
   */
  async set(
    account: Account,
    password: string,
    { instead }: { instead?: ShownPassword } = {},
  ): Promise<boolean> {
    this.check(account, password);
    const hash = await this.#queue.run(() => hashPassword(password));
    const userUID = uidOf(account);
    const generation = randomUUID();
    const stored = await this.#records.change(keyOf(account), (found) => {
      const current = found?.userUID === userUID ? found : undefined;
      if (instead !== undefined && current?.generation !== instead.generation) return found;
      const activation = current?.activation;
      return { userUID, hash, generation, ...(activation === undefined ? {} : { activation }) };
    });
    return stored?.generation === generation;
  }

  /** A token for one use; an earlier one for the same is void. `life`: milliseconds. */
  async issue(
    account: Account,
    purpose: OneTimePurpose,
    life: number,
  ): Promise<{ token: string; expiresAt: number }> {
    const secret = newSecret();
    const expiresAt = this.#clock.now() + life;
    const userUID = uidOf(account);
    await this.#records.change(keyOf(account), (current) => ({
      ...(current?.userUID === userUID ? current : {}),
      userUID,
      [purpose]: { hash: secretHash(secret), expiresAt },
    }));
    return { token: `troupe-${purpose}.${account.metadata.name}.${secret}`, expiresAt };
  }

  /** Whether it was a good token, which it no longer is afterwards. */
  async use(account: Account, purpose: OneTimePurpose, secret: string): Promise<boolean> {
    let isGood = false;
    const userUID = uidOf(account);
    await this.#records.change(keyOf(account), (current) => {
      const token = current?.userUID === userUID ? current[purpose] : undefined;
      isGood = token !== undefined && token.expiresAt > this.#clock.now() && isHashOf(token.hash, secret);
      if (!isGood || current === undefined) return current;
      const { [purpose]: _used, ...rest } = current;
      return rest;
    });
    return isGood;
  }

  /** As `use`, but it stays good. */
  async isGood(account: Account, purpose: OneTimePurpose, secret: string): Promise<boolean> {
    const token = (await this.#recordOf(account))?.[purpose];
    return token !== undefined && token.expiresAt > this.#clock.now() && isHashOf(token.hash, secret);
  }

  /** Drops the records of Users that are gone. `uidsNow`: of those that are there, by name. */
  async sweep(uidsNow: () => Promise<ReadonlyMap<string, string>>): Promise<void> {
    // A record is younger than its User: looked up after the records, the User of each is there.
    const records = await this.#records.list();
    const uids = await uidsNow();
    for (const { key, value } of records) {
      if (uids.get(key.name) !== value.userUID) await this.#records.remove(key);
    }
  }

  async #recordOf(account: Account): Promise<PasswordRecord | undefined> {
    const record = await this.#records.get(keyOf(account));
    return record?.userUID === uidOf(account) ? record : undefined;
  }

  #decoyHash(): Promise<string> {
    return (this.#decoy ??= this.#queue.run(() => hashPassword(newSecret())));
  }

  /** The parameters grow with the years; the password is at hand only at a login. */
  async #rehash(account: Account, known: string, password: string): Promise<void> {
    const hash = await this.#queue.run(() => hashPassword(password));
    await this.#records.change(keyOf(account), (current) =>
      current?.hash === known ? { ...current, hash } : current,
    );
  }
}

const keyOf = ({ metadata }: Account): { owner: string; name: string } => ({
  owner: '',
  name: metadata.name,
});

const uidOf = ({ metadata }: Account): string => metadata.uid ?? '';

const ONE_TIME_TOKEN = /^troupe-(activation|reset)\.([a-z0-9-]{1,50})\.([\w-]{43})$/;

/** The parts of a token that `issue` has made, for this purpose. */
export function parseOneTimeToken(
  text: string,
  purpose: OneTimePurpose,
): { user: string; secret: string } | undefined {
  const [, given, user, secret] = ONE_TIME_TOKEN.exec(text) ?? [];
  if (given !== purpose || user === undefined || secret === undefined) return undefined;
  return { user, secret };
}
