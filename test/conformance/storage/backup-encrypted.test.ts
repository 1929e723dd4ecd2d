import { describe, expect, it } from 'vitest';
import type { StorageKey } from '#api/storage/contract/objects';
import type { EncryptionSettings } from '#api/storage/encryption/encryption';
import { newRootKeys } from '#api/storage/encryption/root-keys';
import { backupOf, linesOf, restore } from './backups.ts';
import { SERVERS, freshDatabase } from './databases.ts';
import { create, task, taskKey } from './objects.ts';

const KEY: StorageKey = { resource: 'secrets', namespace: 'default', name: 'model' };
const PLAIN = 'a-plain-credential';

function encryption(text: string): EncryptionSettings {
  const rootKeys = {
    name: 'of the test',
    read: () => Promise.resolve(text),
    supersede: () => Promise.reject(new Error('nobody rotates here')),
  };
  return { resources: new Set(['secrets']), rootKeys };
}

describe.each(SERVERS)('an encrypted store that moves from SQLite to %s', (driver) => {
  it('is encrypted in the backup, and read with its own root keys only', async () => {
    const keys = encryption(newRootKeys());
    await using source = await freshDatabase('sqlite');
    const store = await source.open({ encryption: keys });
    const secret = await store.commit({ op: 'create', key: KEY, object: task(KEY, PLAIN) });
    await create(store, taskKey('a'), 'not encrypted');
    const backup = await backupOf(store);
    const text = linesOf(backup).join('\n');
    expect(text).toContain('not encrypted');
    expect(text).not.toContain(PLAIN);
    expect(text).not.toContain(Buffer.from(PLAIN).toString('base64'));

    await using target = await freshDatabase(driver);
    const { rows } = await restore(backup, target);
    expect(rows).toMatchObject({ encryption_keys: 1, objects: 2 });
    const others = encryption(newRootKeys());
    await expect(target.open({ encryption: others })).rejects.toMatchObject({ code: 'Undecryptable' });
    await expect(target.open()).rejects.toMatchObject({ code: 'Undecryptable' });
    const after = await target.open({ encryption: keys });
    expect((await after.get(KEY))?.json()).toBe(secret.json());
    const updated = await after.commit({
      op: 'update',
      key: KEY,
      object: task(KEY, 'new'),
      expectedRevision: secret.revision,
    });
    expect((await after.get(KEY))?.json()).toBe(updated.json());
  });
});
