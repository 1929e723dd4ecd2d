import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../machinery/meta.ts';
import { sameButForTimes } from './field-manager.ts';
import { apply, entries, forceApply, spec } from './trial-object.ts';
import type { Fields } from './trial-object.ts';

const names = ['a', 'b', 'c'];
const maps = fc.dictionary(fc.constantFrom(...names), fc.constantFrom('x', 'y'), {
  minKeys: 1,
  noNullPrototype: true,
});
const members = fc
  .uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
  .chain((all) =>
    fc.tuple(...all.map((name) => fc.record({ name: fc.constant(name), role: fc.constantFrom('x', 'y') }))),
  );
const tags = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 3 });
const specs: fc.Arbitrary<Fields> = fc.record(
  { prompt: fc.constantFrom('x', 'y'), tags, members, labels: maps, free: maps, args: tags },
  { requiredKeys: [], noNullPrototype: true },
);

/** A spec whose map and set have no key of `other`'s: nobody else's business. */
function apartFrom(other: Fields, own: Fields): Fields {
  const apart: Fields = {};
  if (own['labels'] !== undefined)
    apart['labels'] = Object.fromEntries(
      Object.entries(own['labels'] as Fields).map(([key, value]) => [`own-${key}`, value]),
    );
  if (own['tags'] !== undefined) apart['tags'] = (own['tags'] as string[]).map((tag) => `own-${tag}`);
  for (const name of ['prompt', 'args'])
    if (other[name] === undefined && own[name] !== undefined) apart[name] = own[name];
  return apart;
}

/** Without the order of sets, and without times. */
function essence(object: Unstructured): unknown {
  const { tags, ...rest } = spec(object) ?? {};
  const sorted = Array.isArray(tags) ? tags.map(String).sort() : tags;
  const owners = entries(object).map(({ manager, fieldsV1 }) => [manager, fieldsV1]);
  return [rest, sorted, Object.fromEntries(owners) as Fields];
}

describe('laws of apply', () => {
  it('appliers of different fields commute', () => {
    fc.assert(
      fc.property(specs, specs, (first, second) => {
        const own = apartFrom(first, second);
        const start = apply(undefined, 'zero', { replicas: 1 });
        const one = apply(apply(start, 'one', first), 'two', own);
        const other = apply(apply(start, 'two', own), 'one', first);
        expect(essence(one)).toEqual(essence(other));
      }),
    );
  });

  it('applying the same again changes nothing', () => {
    fc.assert(
      fc.property(specs, specs, (first, second) => {
        const live = forceApply(apply(undefined, 'one', first), 'two', second);
        expect(sameButForTimes(apply(live, 'two', second), live)).toBe(true);
      }),
    );
  });

  it('what was applied is there, and stays until its owner drops it or another forces', () => {
    fc.assert(
      fc.property(specs, specs, specs, (first, second, third) => {
        const own = apartFrom(first, second);
        const live = apply(apply(undefined, 'one', first), 'two', own);
        const kept = apply(live, 'two', apartFrom(first, third));
        expect(spec(kept) ?? {}).toMatchObject(withoutLists(first));
        expect(apply(kept, 'one', first)).toEqual(kept);
      }),
    );
  });

  it('dropping all leaves what the others own, exactly', () => {
    fc.assert(
      fc.property(specs, specs, (first, second) => {
        const own = apartFrom(first, second);
        const start = apply(undefined, 'one', { ...first, replicas: 1 });
        const gone = apply(apply(start, 'two', own), 'two', {});
        expect(essence(gone)).toEqual(essence(start));
      }),
    );
  });
});

function withoutLists({ tags: _tags, members: _members, ...rest }: Fields): Fields {
  return rest;
}
