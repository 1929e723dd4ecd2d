import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys } from './key-order.ts';
import { OrderedObjects } from './ordered-objects.ts';
import { encodeBody, restore } from './stored-object.ts';

const names = fc.constantFrom('a', 'A', 'b', 'ä', '\uFF5E', '😀');
const change = fc.record({
  namespace: fc.constantFrom('', 'n', 'n-m'),
  name: names,
  deleted: fc.boolean(),
  list: fc.boolean(),
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

const copyOf = (list: readonly unknown[]) => ({ list, copy: [...list] });
