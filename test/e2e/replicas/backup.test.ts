import { cp, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '#api/client/connect';
import type { KubeObject } from '#api/machinery/meta';
import { GHOSTS } from '#api/types/resources';
import { createInformer } from '#controllers/runtime/informer';
import { freePort } from '#dev/environment/free-port';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { freshDatabase } from '../../conformance/storage/databases.ts';
import { commandsFor } from '../../kit/command.ts';
import type { Commands } from '../../kit/command.ts';
import { startReplica } from '../../kit/troupe-process.ts';

/**
 * A `troupe api` on SQLite is backed up while kubectl writes, and goes on as one on MariaDB at the same address with
 * copies of the key material. An informer that was connected with the first knows nothing of it.
 */
const stack = new AsyncDisposableStack();
let folder: string;
let listen: string;
let commands: Commands;
let file: string;

beforeAll(async () => {
  folder = stack.use(await temporaryFolder('backup')).path;
  listen = `127.0.0.1:${await freePort()}`;
  file = path.join(folder, 'saved.gz');
  commands = commandsFor(path.join(folder, 'first', 'kubeconfig'));
});
afterAll(() => stack.disposeAsync());

const manifest = (name: string): string =>
  JSON.stringify({
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Ghost',
    metadata: { name, namespace: 'default' },
    spec: { systemPrompt: 'x' },
  });

interface Numbered {
  items: { metadata: { name: string; uid: string; resourceVersion: string } }[];
}

async function ghosts(): Promise<Map<string, string>> {
  const list = JSON.parse(await commands.mustKubectl(['get', 'ghosts', '-o', 'json'])) as Numbered;
  return new Map(
    list.items.map(({ metadata }) => [metadata.name, `${metadata.uid} ${metadata.resourceVersion}`]),
  );
}

/** kubectl one after the other until the work is done; the names that were acknowledged. */
async function writeDuring(work: Promise<unknown>): Promise<string[]> {
  const end = new AbortController();
  const ended = work.finally(() => end.abort());
  const names: string[] = [];
  for (let i = 0; i === 0 || !end.signal.aborted; i++) {
    await commands.apply(manifest(`during-${i}`));
    names.push(`during-${i}`);
  }
  await ended;
  return names;
}

describe('a service that moves from SQLite to MariaDB', () => {
  it('is there again with all that was saved, and its clients with it', async () => {
    const first = await startReplica({ dataDir: path.join(folder, 'first'), databaseURL: '', listen });
    await using _first = first;
    await commands.apply(manifest('before'));
    const connection = await connect({ kubeconfig: path.join(folder, 'first', 'kubeconfig') });
    stack.defer(() => connection.close());
    const informer = createInformer<KubeObject>({ client: connection.client, type: GHOSTS });
    const stop = new AbortController();
    const running = informer.run(stop.signal);
    stack.defer(async () => {
      stop.abort();
      await running;
    });
    await informer.synced();

    const during = await writeDuring(commands.mustTroupe(['backup', '-o', file]));
    const atLeast = await ghosts();
    await commands.apply(manifest('lost'));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await commands.mustTroupe(['backup', 'verify', file])).toMatch(/\d+ objects and 0 logs/);
    const again = await commands.troupe(['backup', '-o', file]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('is there already')]);
    const busy = await commands.troupe([
      'restore',
      file,
      '--data-dir',
      path.join(folder, 'first'),
      '--force',
    ]);
    expect([busy.code, busy.stderr]).toEqual([
      1,
      expect.stringContaining('another process has the database'),
    ]);
    await first.process.stop();

    const second = path.join(folder, 'second');
    await mkdir(path.join(second, 'pki'), { recursive: true });
    for (const name of ['token', 'pki/ca.crt', 'pki/ca.key', 'encryption-keys']) {
      await cp(path.join(folder, 'first', name), path.join(second, name));
    }
    const { url: databaseURL } = stack.use(await freshDatabase('mariadb'));
    expect(await commands.mustTroupe(['restore', file, '--database-url', databaseURL])).toContain('restored');
    const full = await commands.troupe(['restore', file], { env: { TROUPE_DATABASE_URL: databaseURL } });
    expect([full.code, full.stderr]).toEqual([1, expect.stringContaining('the database is not empty')]);
    await using _second = await startReplica({ dataDir: second, databaseURL, listen });

    const restored = await ghosts();
    expect(restored.get('before')).toBe(atLeast.get('before'));
    expect(restored.has('lost')).toBe(false);
    for (const [name, identity] of restored) expect([name, atLeast.get(name)]).toEqual([name, identity]);
    expect(restored.size).toBeLessThanOrEqual(during.length + 1);

    await commands.apply(manifest('after'));
    const expected = [...(await ghosts()).keys()].sort();
    const seen = (): string[] =>
      informer
        .list()
        .map(({ metadata }) => metadata.name)
        .sort();
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (seen().join() === expected.join()) resolve();
      };
      informer.onChange(look);
      look();
    });
    expect(expected).toContain('after');
    expect(expected).not.toContain('lost');
  });
});
