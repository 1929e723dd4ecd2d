import { describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import { withFaults } from '#api/client/with-faults';
import type { KubeObject } from '#api/machinery/meta';
import { StatusError } from '#api/machinery/status-error';
import { createInformer } from '#controllers/runtime/informer';
import type { Informer } from '#controllers/runtime/informer';
import { startTestApi, until, WIDGETS, widget } from './made-up-kinds.ts';
import type { Widget } from './made-up-kinds.ts';

/** A running informer, stopped at the end of the scope. */
function running(client: Pick<Client, 'list' | 'watch'>): Informer<Widget> & AsyncDisposable {
  const controller = new AbortController();
  const informer = createInformer({ client, type: WIDGETS });
  const ended = informer.run(controller.signal);
  return Object.assign(informer, {
    async [Symbol.asyncDispose]() {
      controller.abort();
      await ended;
    },
  });
}

const held = (informer: Informer<Widget>): string[] =>
  informer
    .list()
    .map(({ metadata, spec }) => `${metadata.name}=${spec.parts}`)
    .sort();

describe('an informer on the real API', () => {
  it('has what was there, and learns of what comes, changes and goes', async () => {
    await using api = await startTestApi();
    const { client } = api.connection;
    await client.create(WIDGETS, widget('old'));
    await using informer = running(client);
    const story: string[] = [];
    informer.onChange(({ key, old, new: next }) => {
      story.push(`${key} ${old?.spec.parts ?? '-'} ${next?.spec.parts ?? '-'}`);
    });
    await informer.synced();
    expect(informer.get('default/old')?.spec.parts).toBe(1);
    const created = await client.create(WIDGETS, widget('new'));
    await client.update(WIDGETS, { ...created, spec: { parts: 2 } });
    await client.delete(WIDGETS, { namespace: 'default', name: 'new' });
    await until(informer, () => story.length >= 4);
    expect(story).toEqual(['default/old - 1', 'default/new - 1', 'default/new 1 2', 'default/new 2 -']);
  });

  it('keeps no word of who wrote which field, which an update by what it has leaves as it is', async () => {
    await using api = await startTestApi();
    const { client } = api.connection;
    const { metadata: made } = await client.create(WIDGETS, widget('a'));
    await using informer = running(client);
    await informer.synced();
    const known = informer.get('default/a') as Widget;
    expect(known.metadata).not.toHaveProperty('managedFields');
    expect(made.managedFields).toHaveLength(1);
    const updated = await client.update(WIDGETS, { ...known, spec: { parts: 2 } });
    expect(updated.metadata.managedFields).toMatchObject(
      (made.managedFields as { manager: string; fieldsV1: object }[]).map(({ manager, fieldsV1 }) => ({
        manager,
        fieldsV1,
      })),
    );
    await until(informer, () => held(informer).join() === 'a=2');
    expect(informer.get('default/a')?.metadata).not.toHaveProperty('managedFields');
  });

  it('comes back after a restart of the server, and misses nothing', async () => {
    await using api = await startTestApi();
    const { client } = api.connection;
    await using informer = running(client);
    await informer.synced();
    await client.create(WIDGETS, widget('a'));
    for (let round = 1; round <= 3; round += 1) {
      await api.restart();
      await client.create(WIDGETS, widget(`round-${round}`));
      await client.patch(
        WIDGETS,
        { namespace: 'default', name: 'a' },
        { type: 'merge', body: { spec: { parts: round + 1 } } },
      );
    }
    await client.delete(WIDGETS, { namespace: 'default', name: 'round-1' });
    await until(informer, () => held(informer).join() === 'a=4,round-2=1,round-3=1');
  });

  it('ends up equal to the server whatever breaks on the way', async () => {
    await using api = await startTestApi();
    const { client } = api.connection;
    let calls = 0;
    // Every list and watch fails now and then, watches end early, and some events come as errors.
    const faulty = withFaults(client, {
      before({ verb }) {
        calls += 1;
        if (verb === 'list' && calls % 3 === 1) throw new StatusError('InternalError', 'made up');
        if (verb === 'watch' && calls % 5 === 2) throw new StatusError('Expired', 'made up');
      },
      onEvent(_call, event) {
        const number = Number((event.object as KubeObject).metadata.resourceVersion);
        if (number % 7 === 3 && calls % 2 === 0) return 'end';
        if (number % 11 === 5 && calls % 2 === 1) throw new StatusError('ServiceUnavailable', 'cut');
        return 'pass';
      },
    });
    await using informer = running(faulty);
    for (let step = 0; step < 60; step += 1) {
      const name = `w${step % 7}`;
      const ref = { namespace: 'default', name };
      if (step % 5 === 4) await client.delete(WIDGETS, ref).catch(() => undefined);
      else {
        await client
          .create(WIDGETS, widget(name, step))
          .catch(() => client.patch(WIDGETS, ref, { type: 'merge', body: { spec: { parts: step } } }));
      }
    }
    const { items } = await client.list(WIDGETS);
    const want = items.map(({ metadata, spec }) => `${metadata.name}=${spec.parts}`).sort();
    await until(informer, () => held(informer).join() === want.join());
    expect(want.length).toBeGreaterThan(3);
  });
});
