import fc from 'fast-check';
import type { PatchQuestion } from './judge.ts';

/** Objects and patches that have something to do with each other: few names, few values. */

const together = (parts: readonly object[]): object => Object.assign({}, ...parts) as object;
const asked = (type: PatchQuestion['type'], both: { object: unknown; patch: unknown }): PatchQuestion => ({
  type,
  object: both.object,
  patch: both.patch,
});

const names = fc.constantFrom('a', 'b', 'c');
const scalars = fc.constantFrom<unknown>('x', 'y', 1, true, null);

const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'value' },
    { weight: 3, arbitrary: scalars },
    { weight: 2, arbitrary: fc.dictionary(names, tie('value'), { maxKeys: 3, noNullPrototype: true }) },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
  ),
}));

const maps = fc.dictionary(names, values, { maxKeys: 3, noNullPrototype: true });

/** Lists of a patch merge into nothing but lists: there upstream keeps the nulls of their maps, by accident. */
export const mergePatches: fc.Arbitrary<PatchQuestion> = fc
  .record({ object: maps, patch: maps })
  .filter(({ object, patch }) => !listMeetsMap(object, patch))
  .map((both) => asked('merge', both));

function listMeetsMap(object: unknown, patch: unknown): boolean {
  if (!isMap(object)) return false;
  if (Array.isArray(patch)) return true;
  return isMap(patch) && Object.entries(patch).some(([name, value]) => listMeetsMap(object[name], value));
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const tokens = fc.constantFrom(
  'a',
  'b',
  'c',
  '0',
  '1',
  '2',
  '-',
  '-1',
  '-2',
  '-4',
  '01',
  '+1',
  'x',
  '~1',
  '',
);
const pointers = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.array(tokens, { minLength: 1, maxLength: 3 }).map((all) => `/${all.join('/')}`),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'a', 'a/b') },
);
const operations = fc.record(
  {
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'fly'),
    path: pointers,
    from: pointers,
    value: values,
  },
  { requiredKeys: ['op', 'path', 'from'] },
);

/** What replaces the whole object has to be one here; upstream refuses anything else later. */
export const jsonPatches: fc.Arbitrary<PatchQuestion> = fc
  .record({ object: maps, patch: fc.array(operations, { maxLength: 4 }) })
  .filter(
    ({ patch }) => !patch.some(({ op, path, value }) => op === 'replace' && path === '' && !isMap(value)),
  )
  .map((both) => asked('json', both));

const keyed = (key: string, others: readonly string[]): fc.Arbitrary<Record<string, unknown>> => {
  const fields = Object.fromEntries(others.map((name) => [name, fc.constantFrom('x', 'y')]));
  return fc.record(
    { [key]: fc.constantFrom('one', 'two', 'three', 'four'), ...fields },
    { requiredKeys: [key] },
  );
};
const unique = (items: fc.Arbitrary<Record<string, unknown>>, key: string) =>
  fc.uniqueArray(items, { maxLength: 4, selector: (item) => item[key] });

/** An order of nothing leaves upstream to sort by a comparison that contradicts itself. */
const some = <T>(lists: fc.Arbitrary<T[]>): fc.Arbitrary<T[]> => lists.filter((list) => list.length > 0);

/** A list that merges: the changes of its items, and directives beside it. */
function listPatch(list: string, items: fc.Arbitrary<Record<string, unknown>>, key: string) {
  const directive = fc.constantFrom(...['delete', 'delete', 'replace', 'merge', 'odd']);
  const change = fc.oneof(
    { weight: 5, arbitrary: items },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          items,
          directive.map(($patch) => ({ $patch })),
        )
        .map(together),
    },
    { weight: 1, arbitrary: fc.constantFrom<unknown>({ $patch: 'replace' }, { $patch: 'delete' }, {}) },
  );
  const order = some(unique(items, key)).map((all) => all.map((item) => ({ [key]: item[key] })));
  return fc.record(
    { [list]: fc.array(change, { maxLength: 4 }), [`$setElementOrder/${list}`]: order },
    { requiredKeys: [] },
  );
}

const owners = keyed('uid', ['apiVersion', 'name']);
const conditions = keyed('type', ['status', 'reason']);
const secrets = keyed('name', ['namespace']);
const finalizers = fc.uniqueArray(fc.constantFrom('f1', 'f2', 'f3', 'f4'), { maxLength: 4 });
const texts = fc.dictionary(names, fc.constantFrom('x', 'y'), { maxKeys: 3, noNullPrototype: true });
const textPatch = fc.dictionary(names, fc.constantFrom('x', 'z', null), {
  maxKeys: 3,
  noNullPrototype: true,
});
const mapPatch = fc.oneof(
  { weight: 6, arbitrary: textPatch },
  {
    weight: 1,
    arbitrary: fc
      .tuple(textPatch, fc.constantFrom('replace', 'delete', 'odd'))
      .map(([all, $patch]) => together([all, { $patch }])),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(textPatch, fc.array(names, { maxLength: 3 }))
      .map(([all, $retainKeys]) => together([all, { $retainKeys }])),
  },
);

const metadata = fc.record(
  { labels: texts, annotations: texts, finalizers, ownerReferences: unique(owners, 'uid') },
  { requiredKeys: [] },
);
/** Not both to add and to remove: which of them upstream does first is left to the order of a Go map. */
const finalizersPatch = fc.oneof(
  fc.record({ finalizers, '$setElementOrder/finalizers': some(finalizers) }, { requiredKeys: [] }),
  fc.record({ '$deleteFromPrimitiveList/finalizers': finalizers }),
);
const metadataPatch = fc
  .tuple(
    fc.record({ labels: mapPatch, annotations: mapPatch }, { requiredKeys: [] }),
    finalizersPatch,
    listPatch('ownerReferences', owners, 'uid'),
  )
  .map(together);

interface Family {
  fields: fc.Arbitrary<object>;
  changes: fc.Arbitrary<object>;
}

const FAMILIES: Record<string, Family> = {
  ConfigMap: {
    fields: fc.record({ data: texts }, { requiredKeys: [] }),
    changes: fc.record({ data: mapPatch, immutable: fc.boolean() }, { requiredKeys: [] }),
  },
  Secret: {
    fields: fc.record({ data: texts, stringData: texts }, { requiredKeys: [] }),
    changes: fc.record({ data: mapPatch, stringData: mapPatch }, { requiredKeys: [] }),
  },
  Namespace: {
    fields: fc.record({
      spec: fc.record({ finalizers }, { requiredKeys: [] }),
      status: fc.record({ conditions: unique(conditions, 'type') }, { requiredKeys: [] }),
    }),
    changes: fc.record(
      { spec: fc.record({ finalizers }), status: listPatch('conditions', conditions, 'type') },
      { requiredKeys: [] },
    ),
  },
  ServiceAccount: {
    fields: fc.record(
      { secrets: unique(secrets, 'name'), imagePullSecrets: fc.array(secrets, { maxLength: 3 }) },
      { requiredKeys: [] },
    ),
    changes: fc
      .tuple(
        listPatch('secrets', secrets, 'name'),
        fc.record({ imagePullSecrets: fc.array(secrets, { maxLength: 3 }) }, { requiredKeys: [] }),
      )
      .map(together),
  },
  Event: {
    fields: fc.record({ source: texts, reason: fc.constant('r') }, { requiredKeys: [] }),
    changes: fc.record({ source: mapPatch, reason: fc.constantFrom('s', null) }, { requiredKeys: [] }),
  },
};

export const strategicPatches: fc.Arbitrary<PatchQuestion> = fc
  .constantFrom(...Object.entries(FAMILIES))
  .chain(([kind, { fields, changes }]) =>
    fc
      .record({ fields, changes, metadata, metadataPatch: fc.option(metadataPatch, { nil: undefined }) })
      .map((all) => ({
        type: 'strategic' as const,
        kind,
        object: together([all.fields, { metadata: all.metadata }]),
        patch: together([
          all.changes,
          all.metadataPatch === undefined ? {} : { metadata: all.metadataPatch },
        ]),
      })),
  );
