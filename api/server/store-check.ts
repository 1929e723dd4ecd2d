import { sleep } from '../machinery/clock.ts';
import type { Clock } from '../machinery/clock.ts';

export interface CheckedStore {
  /** Rejects when the store does not work. */
  checkStore(): Promise<void>;
  /** The state of the store as it is known without asking. */
  storeHealth(): { database: Error | undefined; hints: 'away' | 'ok' | 'unused' };
  clock: Clock;
}

/** Who asks for readiness waits a second, as a rule. */
const STORE_CHECK_MS = 1_000;

/** @throws Error when it is known that the database cannot be used */
export async function assertDatabase({ storeHealth }: Pick<CheckedStore, 'storeHealth'>): Promise<void> {
  const { database } = storeHealth();
  if (database !== undefined) throw database;
}

/**
 * Writes and reads, unless it is known that this cannot work; it would wait for the database as any request does.
 * @throws Error when it does not work within a second
 */
export async function checkStore(store: CheckedStore): Promise<void> {
  await assertDatabase(store);
  const late = sleep(store.clock, STORE_CHECK_MS).then(() => {
    throw new Error('the database does not answer');
  });
  const checking = store.checkStore();
  // When the other one ends first, nobody waits for this one.
  for (const promise of [late, checking]) promise.catch(() => undefined);
  await Promise.race([checking, late]);
}
