import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonText, parseJsonText } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { atRevision, encodeBody, keep, restore } from './stored-object.ts';

const key = { resource: 'tasks', namespace: 'n', name: 'a' };

const anyObject: fc.Arbitrary<Unstructured> = fc
  .record({
    apiVersion: fc.string(),
    kind: fc.oneof(fc.string(), fc.constant('"metadata":{"')),
    metadata: fc.record({ name: fc.string(), labels: fc.dictionary(fc.string(), fc.string()) }),
    spec: fc.jsonValue(),
    status: fc.jsonValue(),
  })
  .map((object) => parseJsonText(JSON.stringify(object)) as Unstructured);

describe('a stored object', () => {
  it('is the object with its revision as resourceVersion, whatever the object holds', () => {
    fc.assert(
      fc.property(anyObject, fc.nat(), (object, revision) => {
        const stored = restore(key, revision, encodeBody(object));
        const expected = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
        expect(parseJsonText(stored.json())).toEqual(expected);
        expect(stored.object).toEqual(expected);
      }),
    );
  });

  it('that is kept is what its text says', () => {
    fc.assert(
      fc.property(anyObject, fc.nat(), (object, revision) => {
        const stored = keep(key, revision, { body: encodeBody(object), object });
        expect(jsonText(stored.object)).toBe(stored.json());
        expect(stored.object).toStrictEqual(parseJsonText(stored.json()));
      }),
    );
  });

  it('that is kept has nothing that JSON does not have, and nothing that its writer can still change', () => {
    const spec = {
      gone: undefined,
      zero: -0,
      endless: Infinity,
      list: [undefined, { a: 1 }],
      big: 2n ** 60n,
    };
    const frozen = Object.freeze({ b: 1 });
    const object = {
      apiVersion: 'v1',
      kind: 'X',
      metadata: { name: 'a', resourceVersion: '3' },
      spec,
      frozen,
    };
    const stored = keep(key, 7, { body: encodeBody(object), object });
    spec.list.push({ a: 2 });
    expect(stored.object).toStrictEqual({
      apiVersion: 'v1',
      kind: 'X',
      metadata: { resourceVersion: '7', name: 'a' },
      spec: { zero: 0, endless: null, list: [null, { a: 1 }], big: 2n ** 60n },
      frozen: { b: 1 },
    });
    expect(stored.object).toStrictEqual(parseJsonText(stored.json()));
    expect(stored.object['frozen']).toBe(frozen);
    expect(Object.isFrozen(stored.object['spec'])).toBe(true);
  });

  it('that is kept has a field of any name as its own', () => {
    const object = parseJsonText(
      '{"apiVersion":"v1","kind":"X","metadata":{"name":"a"},"spec":{"__proto__":{"a":1}}}',
    ) as Unstructured;
    const stored = keep(key, 7, { body: encodeBody(object), object });
    expect(JSON.stringify(stored.object['spec'])).toBe('{"__proto__":{"a":1}}');
    expect((stored.object['spec'] as { a?: unknown }).a).toBeUndefined();
  });

  it('keeps whole numbers of 64 bits', () => {
    const spec = { big: 9_007_199_254_740_993n, small: 3, fraction: 0.5 };
    const body = encodeBody({ apiVersion: 'v1', kind: 'X', metadata: { name: 'a' }, spec });
    expect(body).toContain('"big":9007199254740993,');
    expect(restore(key, 7, body).object['spec']).toEqual(spec);
  });

  it('ignores the resourceVersion that the writer left in it', () => {
    const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'a', resourceVersion: '7' } };
    expect(encodeBody(object)).not.toContain('resourceVersion');
  });

  it('can be moved to the revision of its deletion', () => {
    const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'a' }, note: '"resourceVersion":"5"' };
    const moved = atRevision(restore(key, 5, encodeBody(object)), 9);
    expect(moved.revision).toBe(9);
    expect(moved.object).toEqual({ ...object, metadata: { name: 'a', resourceVersion: '9' } });
  });

  it('has well-formed text when metadata is empty', () => {
    const object = { apiVersion: 'v1', kind: 'X', metadata: {} } as unknown as Unstructured;
    expect(restore(key, 1, encodeBody(object)).object.metadata).toEqual({ resourceVersion: '1' });
  });

  it('is frozen to its leaves', () => {
    const stored = restore(
      key,
      1,
      encodeBody({ apiVersion: 'v1', kind: 'X', metadata: { name: 'a' }, list: [{}] }),
    );
    expect(() => {
      (stored.object['list'] as { changed?: boolean }[])[0]!.changed = true;
    }).toThrow(TypeError);
  });
});
