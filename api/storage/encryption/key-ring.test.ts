import { describe, expect, it } from 'vitest';
import { systemClock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { StorageError } from '../contract/storage-error.ts';
import type { EncryptionTables, KeyChange, KeyTable } from './encryption-tables.ts';
import { KeyRing } from './key-ring.ts';
import { newRootKeys } from './root-keys.ts';
import { TextCipher } from './text-cipher.ts';

/** A table of keys that any number of replicas share; readings can be held back. */
class SharedKeys {
  table: KeyTable = { generation: 0, keys: [] };
  /** Readings wait for it after they have read. */
  hold: Promise<void> | undefined;
  readonly #roots = newRootKeys();

  keys = async (): Promise<KeyTable> => {
    const { table, hold } = this;
    await hold;
    return table;
  };

  changeKeys: EncryptionTables['changeKeys'] = async ({ from, to, put, drop }: KeyChange) => {
    if (this.table.generation !== from) return false;
    const kept = this.table.keys.filter(({ id }) => !drop.includes(id) && !put.some((one) => one.id === id));
    this.table = { generation: to, keys: [...kept, ...put] };
    return true;
  };

  async replica(): Promise<KeyRing> {
    const rootKeys = {
      name: 'root keys',
      read: () => Promise.resolve(this.#roots),
      supersede: () => Promise.resolve(this.#roots),
    };
    const { keys, changeKeys } = this;
    const ring = new KeyRing({
      tables: { keys, changeKeys },
      ...{ rootKeys, needed: true, clock: systemClock, logger: silentLogger },
      onRotated: () => undefined,
    });
    await ring.open();
    return ring;
  }

  /** As the database refuses a write under an older key. */
  write(generation: number): Promise<string> {
    return generation === this.table.generation
      ? Promise.resolve('written')
      : Promise.reject(new StorageError('StaleKey', `k${generation} is not the newest data key`));
  }
}

describe('keys that replicas change side by side', () => {
  it('a refresh knows all that was changed before it was asked for, whatever reading is under way', async () => {
    const shared = new SharedKeys();
    const [one, other] = [await shared.replica(), await shared.replica()];
    const gate = Promise.withResolvers<void>();
    shared.hold = gate.promise;
    const early = one.refresh();
    shared.hold = undefined;
    const made = await other.rotate({ newRoot: false });
    const late = Promise.all([one.refresh(), one.refresh()]);
    gate.resolve();
    await Promise.all([early, late]);
    expect(one.newest?.id).toBe(made.id);
  });

  it('a reading that began before a change takes nothing back', async () => {
    const shared = new SharedKeys();
    const one = await shared.replica();
    const gate = Promise.withResolvers<void>();
    shared.hold = gate.promise;
    const slow = one.refresh();
    shared.hold = undefined;
    const made = await one.rotate({ newRoot: false });
    gate.resolve();
    await slow;
    expect(one.newest?.id).toBe(made.id);
  });

  it('a write comes through however often the keys change under it', async () => {
    const shared = new SharedKeys();
    const [one, other] = [await shared.replica(), await shared.replica()];
    let changes = 20;
    const written = new TextCipher(one).writing(async ({ generation }) => {
      if (changes-- > 0) await other.rotate({ newRoot: false });
      return shared.write(generation);
    });
    expect(await written).toBe('written');
  });

  it('a write that is refused without a newer key fails', async () => {
    const one = await new SharedKeys().replica();
    let tries = 0;
    const refused = new TextCipher(one).writing(() => {
      tries += 1;
      return Promise.reject(new StorageError('StaleKey', 'no'));
    });
    await expect(refused).rejects.toThrow('no');
    expect(tries).toBe(6);
  });
});
