import { describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import { withFaults } from '#api/client/with-faults';
import { controllerReference, splitObjectKey } from '#api/machinery/meta';
import { isStatusError, StatusError } from '#api/machinery/status-error';
import { createController } from '#controllers/runtime/controller';
import { createInformer } from '#controllers/runtime/informer';
import { createInformers } from '#controllers/runtime/informers';
import { startManager } from '#controllers/runtime/manager';
import { objects, ownersOf, specChanged } from '#controllers/runtime/source';
import { writeStatus } from '#controllers/runtime/status-writer';
import { PARTS, startTestApi, until, WIDGETS, widget } from './made-up-kinds.ts';
import type { Part } from './made-up-kinds.ts';

/** A whole controller: as many Parts per Widget as its spec wants, and their number in its status. */
async function startWidgetController(client: Client) {
  const informers = createInformers({ client });
  const widgets = informers.of(WIDGETS);
  const parts = informers.of(PARTS);
  parts.addIndex('owner', (part) => (part.metadata.ownerReferences ?? []).map(({ uid }) => uid));

  async function reconcile(key: string): Promise<void> {
    const found = widgets.get(key);
    if (found === undefined) return;
    const owned = parts.byIndex('owner', found.metadata.uid ?? '');
    const { namespace = '', name } = found.metadata;
    const have = new Set(owned.map(({ spec }) => spec.number));
    for (let number = 1; number <= found.spec.parts; number += 1) {
      if (have.has(number)) continue;
      const part: Part = {
        apiVersion: 'made.up/v1',
        kind: 'Part',
        metadata: {
          // A derived name: two controllers cannot make two.
          name: `${name}-${number}`,
          namespace,
          ownerReferences: [controllerReference(found)],
        },
        spec: { number },
      };
      await client.create(PARTS, part).catch((error: unknown) => {
        if (!isStatusError(error, 'AlreadyExists')) throw error;
      });
    }
    for (const { spec, metadata } of owned) {
      if (spec.number > found.spec.parts) await client.delete(PARTS, { namespace, name: metadata.name });
    }
    await writeStatus(client, WIDGETS, { object: found, status: { parts: owned.length } });
  }

  const controller = createController({
    name: 'widget',
    client,
    reconcile,
    failures: undefined,
    sources: [objects(widgets, specChanged), ownersOf(parts, WIDGETS)],
    workers: 4,
    backOff: { first: 5, max: 100 },
  });
  return startManager({ groups: [[informers], [controller]] });
}

async function watching(client: Client) {
  const stop = new AbortController();
  const widgets = createInformer({ client, type: WIDGETS });
  const parts = createInformer({ client, type: PARTS });
  const ended = Promise.all([widgets.run(stop.signal), parts.run(stop.signal)]);
  await Promise.all([widgets.synced(), parts.synced()]);
  return {
    widgets,
    parts,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}

describe('a controller on the real API', () => {
  it('makes the world fit, and keeps it so', async () => {
    await using api = await startTestApi();
    const { client } = api.connection;
    const manager = await startWidgetController(client);
    await using seen = await watching(client);
    const ready = (count: number) => () =>
      seen.parts.list().length === count && seen.widgets.get('default/a')?.status?.parts === count;
    await client.create(WIDGETS, widget('a', 3));
    await until(seen.widgets, ready(3));
    // Somebody takes one away: it comes back. The wish changes: so does the world.
    const before = seen.parts.get('default/a-2')?.metadata.uid;
    await client.delete(PARTS, { namespace: 'default', name: 'a-2' });
    await until(seen.parts, () => {
      const now = seen.parts.get('default/a-2')?.metadata.uid;
      return now !== undefined && now !== before;
    });
    const ref = { namespace: 'default', name: 'a' };
    await client.patch(WIDGETS, ref, { type: 'merge', body: { spec: { parts: 1 } } });
    await until(seen.widgets, ready(1));
    await manager.stop();
  });

  it('gets there with two replicas, through errors, lost answers and a restart of the server', async () => {
    await using api = await startTestApi();
    const { client } = api.connection;
    let calls = 0;
    const faulty = withFaults(client, {
      before({ verb }) {
        calls += 1;
        if (verb !== 'list' && verb !== 'watch' && calls % 4 === 0) {
          throw new StatusError('InternalError', 'made up');
        }
      },
      after({ verb }) {
        if (verb === 'create' && calls % 3 === 0) throw new StatusError('ServiceUnavailable', 'answer lost');
      },
      onEvent: () => (calls % 9 === 0 ? 'end' : 'pass'),
    });
    const managers = [await startWidgetController(faulty), await startWidgetController(faulty)];
    await using seen = await watching(client);
    const names = Array.from({ length: 15 }, (_, index) => `w${index}`);
    for (const name of names.slice(0, 8)) await client.create(WIDGETS, widget(name, 3));
    await api.restart();
    for (const name of names.slice(8)) await client.create(WIDGETS, widget(name, 3));
    await until(seen.widgets, () =>
      names.every((name) => seen.widgets.get(`default/${name}`)?.status?.parts === 3),
    );
    const { items } = await client.list(PARTS);
    const want = names.flatMap((name) => [1, 2, 3].map((number) => `${name}-${number}`));
    expect(items.map(({ metadata }) => metadata.name).sort()).toEqual(want.sort());
    await Promise.all(managers.map((manager) => manager.stop()));
  });

  it('writes a status only when it differs, and never over a newer one', async () => {
    await using api = await startTestApi();
    const { client } = api.connection;
    const first = await client.create(WIDGETS, widget('a'));
    const second = await writeStatus(client, WIDGETS, { object: first, status: { parts: 1 } });
    expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
    expect(await writeStatus(client, WIDGETS, { object: second, status: { parts: 1 } })).toBe(second);
    await expect(writeStatus(client, WIDGETS, { object: first, status: { parts: 2 } })).rejects.toMatchObject(
      {
        reason: 'Conflict',
      },
    );
    expect(splitObjectKey('default/a')).toEqual({ namespace: 'default', name: 'a' });
  });
});
