import { describe, expect, it } from 'vitest';
import type { StoreEvent } from '../contract/objects.ts';
import { Deliveries } from './deliveries.ts';
import { restore } from '../memory/stored-object.ts';
import { Watcher } from './watcher.ts';

const event = (revision: number, { namespace = 'n', name = 'a' } = {}): StoreEvent => ({
  type: 'ADDED',
  revision,
  object: restore({ resource: 'r', namespace, name }, revision, '{"metadata":{}}'),
  previous: undefined,
});

function watch(deliveries: Deliveries, wanted: { namespace?: string; name?: string } = {}): Watcher {
  const watcher = new Watcher({ events: 1_000, bytes: 1_000_000 });
  deliveries.add({ namespace: wanted.namespace, name: wanted.name, watcher });
  return watcher;
}

const revisions = (events: readonly StoreEvent[] | undefined): number[] =>
  (events ?? []).map(({ revision }) => revision);

describe('Deliveries', () => {
  it('gives each watch what it wants, and the same array to those who want the same', async () => {
    const deliveries = new Deliveries();
    const [all, other] = [watch(deliveries), watch(deliveries)];
    const [ofNamespace, ofName] = [
      watch(deliveries, { namespace: 'm' }),
      watch(deliveries, { namespace: 'm', name: 'b' }),
    ];
    const events = [
      event(1),
      event(2, { namespace: 'm' }),
      event(3, { namespace: 'm', name: 'b' }),
      event(4, { name: 'b' }),
    ];
    deliveries.push(events);
    const got = await all.next();
    expect(revisions(got)).toEqual([1, 2, 3, 4]);
    expect(await other.next()).toBe(got);
    expect(revisions(await ofNamespace.next())).toEqual([2, 3]);
    expect(revisions(await ofName.next())).toEqual([3]);
  });

  it('gathers what comes shortly after a delivery to a crowd, and says how far the crowd is', async () => {
    const deliveries = new Deliveries();
    const [first = watch(deliveries)] = Array.from({ length: 2_000 }, () => watch(deliveries));
    deliveries.push([event(1)]);
    expect(deliveries.firstWaiting).toBeUndefined();
    deliveries.push([event(2)]);
    deliveries.push([event(3)]);
    expect(deliveries.firstWaiting).toBe(2);
    expect(revisions(await first.next())).toEqual([1]);
    expect(revisions(await first.next())).toEqual([2, 3]);
    expect(deliveries.firstWaiting).toBeUndefined();
  });

  it('gives a new watch nothing that happened before, and the others what waited', async () => {
    const deliveries = new Deliveries();
    const [first = watch(deliveries)] = Array.from({ length: 2_000 }, () => watch(deliveries));
    deliveries.push([event(1)]);
    deliveries.push([event(2)]);
    const late = watch(deliveries);
    deliveries.push([event(3)]);
    expect(revisions(await late.next())).toEqual([3]);
    expect(revisions(await first.next())).toEqual([1]);
    expect(revisions(await first.next())).toEqual([2]);
  });

  it('ends a pause when many events wait', () => {
    const deliveries = new Deliveries();
    for (let i = 0; i < 2_000; i++) watch(deliveries);
    deliveries.push([event(1)]);
    for (let revision = 2; revision <= 300; revision++) deliveries.push([event(revision)]);
    expect(deliveries.firstWaiting).toBe(258);
  });

  it('forgets a watch that ended', async () => {
    const deliveries = new Deliveries();
    for (const wanted of [{}, { namespace: 'n' }, { name: 'a' }]) {
      const entry = {
        namespace: undefined,
        name: undefined,
        ...wanted,
        watcher: new Watcher({ events: 1, bytes: 1 }),
      };
      deliveries.add(entry);
      expect([...deliveries.watchers]).toEqual([entry]);
      deliveries.delete(entry);
      expect([...deliveries.watchers]).toEqual([]);
    }
  });
});
