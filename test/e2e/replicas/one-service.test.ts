import { cp, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { connect } from '#api/client/connect';
import type { Connection } from '#api/client/connect';
import type { KubeObject } from '#api/machinery/meta';
import { GHOSTS } from '#api/types/resources';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { freshDatabase } from '../../conformance/storage/databases.ts';
import { commandsFor } from '../../kit/command.ts';
import type { Commands } from '../../kit/command.ts';
import { startReplica } from '../../kit/troupe-process.ts';
import type { Replica } from '../../kit/troupe-process.ts';

/**
 * Three `troupe api` started at once on one empty data folder and one empty database, and a fourth with copies of
 * the key material. Clients have one kubeconfig, and say with `--server` which replica they want.
 */
const stack = new AsyncDisposableStack();
const replicas: Replica[] = [];
const connections: Connection[] = [];
let shared: string;
let copied: string;
let commands: Commands;

const GHOST = {
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Ghost',
  spec: { systemPrompt: 'x' },
} as const;

const POEMS = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: poems.example.com }
spec:
  group: example.com
  names: { kind: Poem, plural: poems }
  scope: Namespaced
  versions:
    - { name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }
`;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('replicas')).path;
  [shared, copied] = [path.join(folder, 'shared'), path.join(folder, 'copied')];
  const { url: databaseURL } = stack.use(await freshDatabase('mariadb'));
  // Each is owned as soon as it runs: one that does not start must not leave the others behind.
  const start = async (dataDir: string) => stack.use(await startReplica({ dataDir, databaseURL }));
  const started = await Promise.all([shared, shared, shared].map((dataDir) => start(dataDir)));
  replicas.push(...started);
  await mkdir(path.join(copied, 'pki'), { recursive: true });
  for (const file of ['token', 'pki/ca.crt', 'pki/ca.key', 'encryption-keys']) {
    await cp(path.join(shared, file), path.join(copied, file));
  }
  replicas.push(await start(copied));
  const kubeconfig = path.join(shared, 'kubeconfig');
  commands = commandsFor(kubeconfig);
  for (const { url } of replicas) connections.push(await connect({ kubeconfig, server: url }));
  for (const connection of connections) stack.defer(() => connection.close());
});
afterAll(() => stack.disposeAsync());

function clientOf(replica: number) {
  const connection = connections[replica];
  if (connection === undefined) throw new Error(`there is no replica ${replica}`);
  return connection.client;
}

function kubectl(replica: number, args: readonly string[], stdin = ''): Promise<string> {
  return commands.mustKubectl(['--server', replicas[replica]?.url ?? '', ...args], { stdin });
}

async function createGhost(replica: number, name: string): Promise<string> {
  await clientOf(replica).create(GHOSTS, { ...GHOST, metadata: { name, namespace: 'default' } });
  return name;
}

/** The Ghosts that watches said were added, and where the next watch goes on. */
interface Seen {
  names: string[];
  resourceVersion: string;
}

/** Watches through one replica until `last` was added, `atMost` events came, or the watch broke. */
async function watchGhosts(
  seen: Seen,
  { replica, last, atMost = Infinity }: { replica: number; last: string; atMost?: number },
): Promise<void> {
  const stop = new AbortController();
  const options = { namespace: 'default', resourceVersion: seen.resourceVersion, signal: stop.signal };
  let taken = 0;
  for await (const event of clientOf(replica).watch(GHOSTS, options)) {
    if (event.type !== 'ADDED') throw new Error(`unexpected ${JSON.stringify(event)}`);
    const { name, resourceVersion = '' } = event.object.metadata;
    seen.names.push(name);
    seen.resourceVersion = resourceVersion;
    taken += 1;
    if (taken >= atMost || name === last) break;
  }
  stop.abort();
}

async function fromNow(): Promise<Seen> {
  const list = await clientOf(0).list(GHOSTS, { namespace: 'default' });
  return { names: [], resourceVersion: list.metadata.resourceVersion ?? '' };
}

interface Kubeconfig {
  clusters: [{ cluster: object }];
  users: [{ user: { token: string } }];
}

describe('replicas of one service', () => {
  it('have one authority and one token, those with copies too', async () => {
    const read = async (folder: string): Promise<Kubeconfig> =>
      parse(await readFile(path.join(folder, 'kubeconfig'), 'utf8')) as Kubeconfig;
    const [own, others] = [await read(shared), await read(copied)];
    expect(others.users).toEqual(own.users);
    expect(others.clusters[0].cluster).toEqual({ ...own.clusters[0].cluster, server: replicas[3]?.url });
    for (const index of replicas.keys()) {
      expect(await kubectl(index, ['get', '--raw', '/readyz'])).toBe('ok');
    }
  });

  it('show at once what was created through another: get, list and watch', async () => {
    const start = await fromNow();
    const names: string[] = [];
    for (const index of replicas.keys()) {
      const name = `through-${index}`;
      const ghost = JSON.stringify({ ...GHOST, metadata: { name } });
      await kubectl(index, ['create', '-f', '-'], ghost);
      names.push(name);
      for (const other of replicas.keys()) {
        expect(await kubectl(other, ['get', 'ghost', name, '-o', 'name'])).toBe(
          `ghost.agent.wecode.io/${name}\n`,
        );
        expect((await kubectl(other, ['get', 'ghosts', '-o', 'name'])).split('\n')).toHaveLength(index + 2);
      }
    }
    for (const replica of replicas.keys()) {
      const seen = { ...start, names: [] };
      await watchGhosts(seen, { replica, last: names.at(-1) ?? '' });
      expect(seen.names).toEqual(names);
    }
  });

  it('continue a list that another began, on its snapshot', async () => {
    const options = { namespace: 'default', limit: 1 };
    let page = await clientOf(0).list(GHOSTS, options);
    const found = page.items.map(({ metadata }) => metadata.name);
    await createGhost(1, 'through-0-later');
    for (let replica = 1; page.metadata.continue; replica++) {
      const token = { continue: page.metadata.continue };
      page = await clientOf(replica % replicas.length).list(GHOSTS, { ...options, ...token });
      found.push(...page.items.map(({ metadata }) => metadata.name));
    }
    expect(found).toEqual(['through-0', 'through-1', 'through-2', 'through-3']);
  });

  it('go on with a watch where another left it', async () => {
    const seen = await fromNow();
    const names = Array.from({ length: 24 }, (_, i) => `watched-${i}`);
    const writing = (async () => {
      for (const [i, name] of names.entries()) await createGhost(i % replicas.length, name);
    })();
    for (let turn = 0; seen.names.length < names.length; turn++) {
      await watchGhosts(seen, { replica: turn % replicas.length, last: 'watched-23', atMost: 3 });
    }
    await writing;
    expect(seen.names).toEqual(names);
  });

  it('serve a definition that was created through another', async () => {
    const poems = { group: 'example.com', version: 'v1', kind: 'Poem', plural: 'poems', namespaced: true };
    await kubectl(0, ['apply', '-f', '-'], POEMS);
    await kubectl(0, ['wait', 'crd/poems.example.com', '--for=condition=Established']);
    for (const replica of replicas.keys()) {
      const poem: KubeObject = {
        apiVersion: 'example.com/v1',
        kind: 'Poem',
        metadata: { name: `poem-${replica}`, namespace: 'default' },
      };
      await clientOf(replica).create(poems, poem);
    }
  });

  it('go on when one is killed: no acknowledged write is lost, and its watch goes on elsewhere', async () => {
    const seen = await fromNow();
    const acknowledged: string[] = [];
    const victim = 1;
    /** Through one replica; through another once that is gone. */
    const write = async (replica: number): Promise<void> => {
      let alive = replica;
      for (let i = 0; i < 30; i++) {
        if (replica === 0 && i === 10) await replicas[victim]?.kill();
        try {
          acknowledged.push(await createGhost(alive, `killed-${replica}-${i}`));
        } catch (error) {
          if (alive !== victim) throw error;
          alive = 2;
        }
      }
    };
    const last = 'the-end';
    await Promise.all([
      ...[0, victim, 3].map(write),
      expect(watchGhosts(seen, { replica: victim, last })).rejects.toMatchObject({
        reason: 'ServiceUnavailable',
      }),
    ]);
    const fromVictim = seen.names.length;
    await createGhost(3, last);
    await watchGhosts(seen, { replica: 2, last });
    expect(fromVictim).toBeGreaterThan(0);
    expect(acknowledged.length, 'one write at most was under way').toBeGreaterThanOrEqual(89);
    // Nobody was told of a write under way when the victim died: it may be there or not.
    expect(new Set(seen.names).size, 'none twice').toBe(seen.names.length);
    expect(seen.names).toEqual(expect.arrayContaining(acknowledged));
    const { items } = await clientOf(3).list(GHOSTS, { namespace: 'default' });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(acknowledged));
  });
});
