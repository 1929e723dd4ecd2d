import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { startRounds } from '../../machinery/rounds.ts';
import type { Rounds } from '../../machinery/rounds.ts';
import type { SigningKeys, VerifyingKey } from '../../machinery/users/signing-keys.ts';
import { watchFile } from '../../watched-files/watched-file.ts';
import { createPrivateFile, readIfThere, supersedePrivateFile, tooOpenMode } from '../private-file.ts';
import { maintained, newRing, parseRing, ringText, signerAt, tidied, withNewKey } from './key-ring.ts';
import type { KeyRing, RingKey, RingRules } from './key-ring.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** How often keys are looked at for those that need successors, and the folder for what has no use. */
const LOOK_EVERY_MS = 60_000;
/** How often it is read at most for keys that are not known: tokens can name as many as they like. */
const LOOK_AGAIN_MS = 1000;
/** After this no process works with an older content of the file. */
const AGREED_MS = HOUR_MS;
const ROTATE_ATTEMPTS = 5;

export interface SigningKeyOptions extends Partial<RingRules> {
  file: string;
  /**
   * Makes the file when it is missing, and gives old keys successors. Not where an operator named the file: one that is
   * missing is then a mistake, and its keys are rotated when somebody says so.
   */
  mayMake: boolean;
  clock: Clock;
  logger: Logger;
}

/**
 * Keys that sign JWTs, in a file that processes may share: it is read again when another one has changed it, and by
 * `find`, at most once a second.
 */
export interface KeysOfFile extends SigningKeys {
  /** All that verify, oldest first; times in milliseconds since the epoch. */
  all(): readonly (VerifyingKey & { created: number; signsFrom: number })[];
  /**
   * Makes a new key that signs at once. `revoke`: older keys no longer verify, so all their tokens end now.
   * @returns its kid @throws Error, for a person, when the file cannot be written
   */
  rotate(options?: { revoke?: boolean }): Promise<string>;
  /** Calls back after the keys have changed, whoever changed them. The returned function ends that. */
  onChange(listener: () => void): () => void;
  /** Ends looking at the file. */
  stop(): Promise<void>;
}

/**
 * Loads the keys, and makes the file when it may; replicas that share its folder agree on one content.
 * @throws Error, for a person, who is told the file and no key
 */
export async function loadSigningKeys(options: SigningKeyOptions): Promise<KeysOfFile> {
  const { clock } = options;
  const file = new RingFile(options);
  await file.load();
  const watched = await file.watch();
  const looking = startLooking(file, options);
  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    signer() {
      const key = signerAt(file.ring, clock.now());
      if (key?.privateKey === undefined) throw new Error(`no key in ${options.file} may sign`);
      return { ...key, privateKey: key.privateKey };
    },
    get: (kid) => file.key(kid),
    async find(kid) {
      const known = file.key(kid);
      const now = clock.now();
      if (known !== undefined || Math.abs(now - lookedAt) < LOOK_AGAIN_MS) return known;
      lookedAt = now;
      await file.look();
      return file.key(kid);
    },
    all: () => file.ring.keys,
    rotate: ({ revoke = false } = {}) => file.rotate(revoke),
    onChange(listener) {
      file.listeners.add(listener);
      return () => file.listeners.delete(listener);
    },
    async stop() {
      watched[Symbol.dispose]();
      await looking.stop();
    },
  };
}

/** The file, and what it held when it was read last. */
class RingFile {
  ring: KeyRing = { keys: [] };
  readonly listeners = new Set<() => void>();
  readonly #options: SigningKeyOptions;
  readonly #rules: RingRules;
  #text = '';
  #byID: ReadonlyMap<string, RingKey> = new Map();

  constructor(options: SigningKeyOptions) {
    this.#options = options;
    const { rotateAfter = 90 * DAY_MS, publishFor = 2 * HOUR_MS, tokenLife = 366 * DAY_MS } = options;
    this.#rules = { rotateAfter, publishFor, tokenLife };
  }

  key(kid: string): RingKey | undefined {
    return this.#byID.get(kid);
  }

  /** Reads the file, or makes it. */
  async load(): Promise<void> {
    const { file, mayMake, clock } = this.#options;
    await this.#attempt('read', async () => {
      const found = await readIfThere(file);
      if (found === undefined && !mayMake) throw new Error('there is no such file');
      this.#use(found ?? (await createPrivateFile(file, ringText(newRing(clock.now())))));
      await refuseOpen(file);
    });
    await this.maintain();
  }

  /** Takes in what other processes write: a key that one of them has revoked ends everywhere. */
  async watch(): Promise<Disposable> {
    const { file, clock, logger } = this.#options;
    const watched = await watchFile({ file, clock, logger, use: (text) => this.#take(text) });
    this.#take(watched.text);
    return watched;
  }

  /** Reads the file again. One that cannot be read leaves what was read before. */
  async look(): Promise<void> {
    try {
      const text = await readIfThere(this.#options.file);
      if (text !== undefined) this.#take(text);
    } catch (error) {
      const { file, logger } = this.#options;
      logger.warn('signing keys could not be read again', { file, error: describeError(error) });
    }
  }

  /** Gives an old key a successor, and forgets the parts of the ring that have no use. */
  async maintain(): Promise<void> {
    if (!this.#options.mayMake) return;
    const next = maintained(this.ring, this.#options.clock.now(), this.#rules);
    if (next !== this.ring) await this.#supersede(next);
  }

  async rotate(revoke: boolean): Promise<string> {
    for (let attempt = 0; attempt < ROTATE_ATTEMPTS; attempt++) {
      await this.look();
      const now = this.#options.clock.now();
      const next = withNewKey(revoke ? { keys: [] } : this.ring, { now, signsFrom: now });
      const made = next.keys.at(-1)?.kid;
      await this.#supersede(tidied(next, now, this.#rules.tokenLife));
      if (made !== undefined && this.ring.keys.at(-1)?.kid === made) return made;
    }
    throw new Error(`other processes change the signing keys in ${this.#options.file}: try again`);
  }

  /** Puts a ring in place of the one that was read; another process may have been first with its own. */
  async #supersede(ring: KeyRing): Promise<void> {
    const { file } = this.#options;
    await this.#attempt('write', async () => {
      this.#use(await supersedePrivateFile(file, { found: this.#text, next: ringText(ring) }));
    });
  }

  /** Removes what processes agreed by: it holds private halves that are gone from the file itself. */
  async removeAgreements(): Promise<void> {
    const { file, clock } = this.#options;
    const prefix = `${path.basename(file)}.after-`;
    for (const name of await readdir(path.dirname(file))) {
      if (!name.startsWith(prefix)) continue;
      const agreement = path.join(path.dirname(file), name);
      const { mtimeMs } = await stat(agreement);
      if (mtimeMs + AGREED_MS < clock.now()) await rm(agreement, { force: true });
    }
  }

  #take(text: string): void {
    if (text !== this.#text) this.#use(text);
  }

  #use(text: string): void {
    const ring = parseRing(text);
    this.#text = text;
    this.ring = ring;
    this.#byID = new Map(ring.keys.map((key) => [key.kid, key]));
    for (const listener of this.listeners) listener();
  }

  async #attempt(doing: string, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (cause) {
      const text = `cannot ${doing} the signing keys in ${this.#options.file}: ${describeError(cause)}`;
      throw new Error(text, { cause });
    }
  }
}

async function refuseOpen(file: string): Promise<void> {
  const mode = await tooOpenMode(file);
  if (mode === undefined) return;
  throw new Error(
    `it is open to others (mode ${mode}): chmod 600 it, and rotate the keys if others read them`,
  );
}

function startLooking(file: RingFile, { clock, logger }: SigningKeyOptions): Rounds {
  return startRounds({
    pause: () => LOOK_EVERY_MS,
    async round() {
      await file.maintain();
      await file.removeAgreements();
    },
    // The old key signs on; there are many more rounds.
    failure: 'signing keys could not be renewed',
    clock,
    logger,
  });
}
