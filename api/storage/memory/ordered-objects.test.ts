import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys } from './key-order.ts';
import { OrderedObjects } from './ordered-objects.ts';
import { pageOf } from './sorted-objects.ts';
import { encodeBody, restore } from './stored-object.ts';

const names = fc.constantFrom('a', 'A', 'b', 'ä', '\uFF5E', '😀');
const change = fc.record({
  namespace: fc.constantFrom('', 'n', 'n-m'),
  name: names,
  deleted: fc.boolean(),
  list: fc.boolean(),
});
const place = fc.record({
  namespace: fc.constantFrom('', 'm', 'n', 'z'),
  name: fc.constantFrom('', 'a', 'b', 'z'),
});

const stored = (namespace: string, name: string, revision: number) =>
  restore(
    { resource: 'r', namespace, name },
    revision,
    encodeBody({ apiVersion: 'v1', kind: 'X', metadata: { name } }),
  );

describe('OrderedObjects', () => {
  it('lists what a map holds, in key order, and never changes a list it gave out', () => {
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const objects = new OrderedObjects();
        const model = new Map<string, ReturnType<typeof stored>>();
        const given: { list: readonly unknown[]; copy: unknown[] }[] = [];
        changes.forEach(({ namespace, name, deleted, list }, i) => {
          const object = stored(namespace, name, i + 1);
          if (deleted) objects.delete(object.key);
          else objects.set(object);
          if (deleted) model.delete(`${namespace}/${name}`);
          else model.set(`${namespace}/${name}`, object);
          if (list) given.push(copyOf(objects.list()), copyOf(objects.list('n')));
        });
        const expected = [...model.values()].sort((a, b) => compareKeys(a.key, b.key));
        expect(objects.list()).toEqual(expected);
        for (const namespace of ['', 'n', 'n-m', 'other']) {
          expect(objects.list(namespace)).toEqual(
            expected.filter((object) => object.key.namespace === namespace),
          );
        }
        for (const { list, copy } of given) expect(list).toEqual(copy);
      }),
    );
  });
});

describe('OrderedObjects.page', () => {
  it('is the part of the list behind a key, however many chunks the objects are in', () => {
    const objects = new OrderedObjects();
    const count = 5_000;
    const numbers = Array.from({ length: count }, (_, i) => (i * 7919) % count);
    const nameOf = (i: number): string => `o${`${i}`.padStart(5, '0')}`;
    for (const i of numbers) objects.set(stored('n', nameOf(i), i + 1));
    for (const i of numbers.slice(0, 2_000))
      objects.delete({ resource: 'r', namespace: 'n', name: nameOf(i) });
    const all = objects.list();
    expect(all.map(({ key }) => key.name)).toEqual(
      numbers
        .slice(2_000)
        .sort((a, b) => a - b)
        .map((i) => nameOf(i)),
    );
    for (const [from, limit] of [
      [0, 500],
      [700, 1_500],
      [2_999, 10],
    ] as const) {
      const after = from === 0 ? undefined : all[from - 1]?.key;
      const page = objects.page({ namespace: 'n', after, limit });
      expect(page.items).toEqual(all.slice(from, from + limit));
      expect(page.remaining).toBe(Math.max(0, all.length - from - limit));
    }
  });

  it('keeps to its namespace, whatever the key is', () => {
    fc.assert(
      fc.property(fc.array(change), place, fc.nat(4), (changes, after, limit) => {
        const objects = new OrderedObjects();
        changes.forEach(({ namespace, name }, i) => objects.set(stored(namespace, name, i + 1)));
        for (const namespace of [undefined, 'n']) {
          const behind = objects.list(namespace).filter(({ key }) => compareKeys(key, after) > 0);
          const page = objects.page({ namespace, after, limit });
          expect(page.items).toEqual(behind.slice(0, limit));
          expect(page.remaining).toBe(Math.max(0, behind.length - limit));
          expect(pageOf(objects.list(namespace), { after, limit })).toEqual(page);
        }
      }),
    );
  });
});

const copyOf = (list: readonly unknown[]) => ({ list, copy: [...list] });
