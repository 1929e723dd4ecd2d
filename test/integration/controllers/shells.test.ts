import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import type { Shell } from '#api/types/generated/shell';
import { NAMESPACES, SANDBOXES, SHELLS } from '#api/types/resources';
import { play } from './play.ts';
import type { Play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let p: Play;

beforeAll(async () => {
  world = await startWorld();
  const metadata = { name: 'shells' };
  await world.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
  p = play(world.client, 'shells');
  await world.startControllers();
});
afterAll(() => world[Symbol.asyncDispose]());

const make = (name: string, baseImage: string): Promise<Shell> =>
  world.client.create(SHELLS, {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Shell',
    metadata: { name, namespace: 'shells' },
    spec: { shellType: 'ClaudeCode', baseImage },
  });

const image = ({ status }: Shell) => findCondition(status?.conditions, 'ImageReady');

/** The Sandbox that checks the image of a Shell. */
async function checkOf(shell: Shell): Promise<Sandbox> {
  const isIts = ({ metadata }: Sandbox): boolean => metadata.ownerReferences?.[0]?.uid === shell.metadata.uid;
  await expect.poll(async () => (await p.sandboxes()).filter(isIts).length).toBe(1);
  const sandbox = (await p.sandboxes()).find(isIts);
  if (sandbox === undefined) throw new Error('there is no check');
  return sandbox;
}

const end = (sandbox: Sandbox, status: SandboxStatus): Promise<void> =>
  p.change(SANDBOXES, p.within(sandbox.metadata.name), (object) =>
    world.client.updateStatus(SANDBOXES, { ...object, status: { ...object.status, ...status } }),
  );

describe('a Shell with an image of its own', () => {
  it('can be used while it is not checked, and says what was found', async () => {
    const shell = await make('fine', 'x:1');
    const before = await p.there(SHELLS, 'fine', (one) => image(one) !== undefined);
    expect(image(before)).toMatchObject({ status: 'Unknown' });
    expect(before.status).toMatchObject({ state: 'Available' });
    const sandbox = await checkOf(shell);
    expect(sandbox.spec).toMatchObject({ shell: { image: 'x:1' }, probe: { image: {} } });
    await end(sandbox, { phase: 'Succeeded', probeResult: { ok: true, message: 'All is fine.' } });
    const after = await p.there(SHELLS, 'fine', (one) => image(one)?.status === 'True');
    expect(image(after)?.message).toBe('All is fine.');
    await p.until(SANDBOXES, sandbox.metadata.name, (object) => object === undefined);
    expect(await p.sandboxes(), 'no further check').toEqual([]);
  });

  it('that cannot be had is not ready, in the words of the registry, until it names another one', async () => {
    const shell = await make('absent', 'x:2');
    const message = 'image x:2 cannot be pulled: manifest unknown.';
    await end(await checkOf(shell), { phase: 'Failed', reason: 'ErrImagePull', message });
    const after = await p.there(SHELLS, 'absent', ({ status }) => status?.state === 'Unavailable');
    expect(after.status?.message).toBe(`spec.baseImage: ${message}`);
    expect(image(after)).toMatchObject({ status: 'False', reason: 'ErrImagePull', message });
    const body = { spec: { baseImage: 'x:3' } };
    await world.client.patch(SHELLS, p.within('absent'), { type: 'merge', body });
    await p.there(SHELLS, 'absent', ({ status }) => status?.state === 'Available');
    await expect.poll(async () => (await checkOf(shell)).spec.shell?.image).toBe('x:3');
  });

  it('says what was found last, of an image that was built again and of one that it comes back to', async () => {
    const shell = await make('again', 'x:6');
    const set = (body: object) => world.client.patch(SHELLS, p.within('again'), { type: 'merge', body });
    const said = async (message: string): Promise<void> => {
      const check = await checkOf(shell);
      await end(check, { phase: 'Succeeded', probeResult: { ok: true, message } });
      await p.there(SHELLS, 'again', (one) => image(one)?.message === message);
      await p.until(SANDBOXES, check.metadata.name, (object) => object === undefined);
    };
    await said('The first build.');
    await set({ metadata: { annotations: { 'agent.wecode.io/check-requested-at': 'now' } } });
    await said('The second build.');
    await set({ spec: { baseImage: 'x:7' } });
    await p.there(SHELLS, 'again', (one) => image(one)?.status === 'Unknown');
    await set({ spec: { baseImage: 'x:6' } });
    await expect.poll(async () => (await checkOf(shell)).spec.shell?.image).toBe('x:6');
    await said('The third build.');
  });

  it('leaves no check when it is deleted, or has no image any longer', async () => {
    const shell = await make('gone', 'x:4');
    const first = await checkOf(shell);
    await world.client.patch(SHELLS, p.within('gone'), {
      type: 'merge',
      body: { spec: { baseImage: null } },
    });
    await p.until(SANDBOXES, first.metadata.name, (object) => object === undefined);
    expect(image(await p.there(SHELLS, 'gone', (one) => image(one) === undefined))).toBeUndefined();
    const other = await make('other', 'x:5');
    const second = await checkOf(other);
    await world.client.delete(SHELLS, p.within('other'));
    await p.until(SANDBOXES, second.metadata.name, (object) => object === undefined);
  });
});

describe('public Shells', () => {
  it('are there, and another Shell may be based on one', async () => {
    const system = play(world.client, 'system');
    await system.there(SHELLS, 'Chat', ({ status }) => status?.state === 'Available');
    await world.client.create(SHELLS, {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Shell',
      metadata: { name: 'based', namespace: 'shells' },
      spec: { shellType: 'Chat', baseShellRef: 'Chat' },
    });
    await p.there(SHELLS, 'based', ({ status }) => status?.state === 'Available');
  });
});
