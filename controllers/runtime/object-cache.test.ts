import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#api/machinery/meta';
import { createObjectCache } from './object-cache.ts';

interface Widget extends KubeObject {
  spec: { parts: string[] };
}

const widget = (name: string, revision: number, parts: string[] = []): Widget => ({
  apiVersion: 'x.io/v1',
  kind: 'Widget',
  metadata: { name, namespace: 'n', uid: name, resourceVersion: String(revision) },
  spec: { parts },
});

describe('createObjectCache', () => {
  it('tells what changed, and nothing when nothing did', () => {
    const cache = createObjectCache<Widget>();
    const first = widget('a', 1);
    const second = widget('a', 2);
    expect(cache.put(first)).toEqual({ key: 'n/a', new: first });
    expect(cache.put(widget('a', 1))).toBeUndefined();
    expect(cache.put(second)).toEqual({ key: 'n/a', old: first, new: second });
    expect(cache.remove(second)).toEqual({ key: 'n/a', old: second });
    expect(cache.remove(second)).toBeUndefined();
  });

  it('tells of what went while nobody looked', () => {
    const cache = createObjectCache<Widget>();
    cache.replace([widget('a', 1), widget('b', 1)]);
    const changes = cache.replace([widget('b', 1), widget('c', 3)]);
    expect(changes.map(({ key, old, new: next }) => [key, old === undefined, next === undefined])).toEqual([
      ['n/a', false, true],
      ['n/c', true, false],
    ]);
  });

  it('gives out what nobody can change', () => {
    const cache = createObjectCache<Widget>();
    cache.put(widget('a', 1, ['x']));
    expect(() => cache.get('n/a')!.spec.parts.push('y')).toThrow(TypeError);
  });

  it('refuses an index that nobody added', () => {
    expect(() => createObjectCache<Widget>().byIndex('nope', 'x')).toThrow('no index "nope"');
  });

  it('has indexes that agree with its objects after any sequence of changes', () => {
    const names = fc.constantFrom('a', 'b', 'c');
    const parts = fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 });
    const step = fc.oneof(
      fc.record({ op: fc.constant('put' as const), name: names, parts }),
      fc.record({ op: fc.constant('remove' as const), name: names }),
      fc.record({ op: fc.constant('replace' as const), all: fc.uniqueArray(names), parts }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const cache = createObjectCache<Widget>();
        cache.addIndex('part', (object) => object.spec.parts);
        let revision = 0;
        for (const step of steps) {
          revision += 1;
          if (step.op === 'put') cache.put(widget(step.name, revision, step.parts));
          else if (step.op === 'remove') cache.remove(widget(step.name, revision));
          else cache.replace(step.all.map((name) => widget(name, revision, step.parts)));
        }
        for (const part of ['x', 'y', 'z']) {
          const want = cache.all().filter((object) => object.spec.parts.includes(part));
          expect(new Set(cache.byIndex('part', part))).toEqual(new Set(want));
          expect(cache.byIndex('part', part)).toHaveLength(want.length);
        }
      }),
    );
  });
});
