import type { StructuralSchema } from '#api/structural-schema/structural-schema';

/** Objects with their old state: transitions, ratcheting, messages and reasons. */
interface Update {
  schema: StructuralSchema;
  object: unknown;
  old?: unknown;
}

const ruled = (properties: Record<string, StructuralSchema>, ...rules: object[]): StructuralSchema => ({
  type: 'object',
  properties: { spec: { type: 'object', properties, 'x-kubernetes-validations': rules as never } },
});

const int: StructuralSchema = { type: 'integer' };
const text: StructuralSchema = { type: 'string' };
const immutable = ruled({ a: int }, { rule: 'self.a == oldSelf.a', message: 'a is immutable' });
const item = (rule: string): StructuralSchema => ({
  type: 'object',
  required: ['k'],
  properties: { k: text, v: int },
  'x-kubernetes-validations': [{ rule }],
});
const mapList = (rule: string): StructuralSchema =>
  ruled({
    l: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: item(rule),
    },
  });
const atomicList = (rule: string): StructuralSchema => ruled({ l: { type: 'array', items: item(rule) } });
const items = (...values: number[]): object[] => values.map((v, index) => ({ k: `k${index}`, v }));
const at = (spec: object): object => ({ apiVersion: 'v1', kind: 'T', metadata: { name: 'n' }, spec });
const failing = (extra: object): Update => ({
  schema: ruled(
    { a: int, m: { type: 'object', additionalProperties: int } },
    { rule: 'self.a == 2', ...extra },
  ),
  object: at({ a: 1 }),
});
const scalar = (schema: StructuralSchema, rule: object, value: unknown): Update => ({
  schema: ruled({ a: { ...schema, 'x-kubernetes-validations': [rule as never] } }),
  object: at({ a: value }),
});

export const UPDATES: Record<string, Update> = {
  'a transition rule at a create': { schema: immutable, object: at({ a: 1 }) },
  'a change that a transition rule allows': { schema: immutable, object: at({ a: 1 }), old: at({ a: 1 }) },
  'a change that it forbids': { schema: immutable, object: at({ a: 2 }), old: at({ a: 1 }) },
  'an old value that is absent': {
    schema: ruled({ a: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } }),
    object: at({ a: 2 }),
    old: at({}),
  },
  'oldSelf in the items of a map list, in another order': {
    schema: mapList('self.v >= oldSelf.v'),
    object: at({ l: items(1, 2).toReversed() }),
    old: at({ l: items(3, 2) }),
  },
  'a new item of a map list': {
    schema: mapList('self.v == oldSelf.v'),
    object: at({ l: items(1, 2) }),
    old: at({ l: items(1) }),
  },
  'oldSelf in an atomic list is never there': {
    schema: atomicList('self.v == oldSelf.v'),
    object: at({ l: items(1, 2) }),
    old: at({ l: items(5, 6) }),
  },
  'optionalOldSelf at a create': {
    schema: ruled({ a: int }, { rule: 'oldSelf.hasValue()', optionalOldSelf: true }),
    object: at({ a: 1 }),
  },
  'optionalOldSelf at an update': {
    schema: ruled({ a: int }, { rule: 'oldSelf.value().a > self.a', optionalOldSelf: true }),
    object: at({ a: 1 }),
    old: at({ a: 1 }),
  },
  'a failing rule on what did not change': {
    schema: failing({}).schema,
    object: at({ a: 1 }),
    old: at({ a: 1 }),
  },
  'a failing rule on what changed': { schema: failing({}).schema, object: at({ a: 1 }), old: at({ a: 3 }) },
  'an unchanged item of a map list': {
    schema: mapList('self.v > 5'),
    object: at({ l: items(1, 2) }),
    old: at({ l: items(1, 3) }),
  },
  'an unchanged item of a changed atomic list': {
    schema: atomicList('self.v > 5'),
    object: at({ l: items(1, 2) }),
    old: at({ l: items(1, 3) }),
  },
  'an unchanged atomic list': {
    schema: atomicList('self.v > 5'),
    object: at({ l: items(1, 2) }),
    old: at({ l: items(1, 2) }),
  },
  'an error at run time is not ratcheted': {
    schema: ruled({ a: int }, { rule: 'self.a == 1' }),
    object: at({}),
    old: at({}),
  },
  'a message': failing({ message: ' a must be 2 ' }),
  'a messageExpression': failing({ messageExpression: '"a is " + string(self.a)' }),
  'a messageExpression that fails': failing({ message: 'fallback', messageExpression: 'string(self.m.x)' }),
  'a messageExpression of two lines': failing({ message: 'fallback', messageExpression: '"a\\nb"' }),
  'an empty messageExpression': failing({ messageExpression: '"  "' }),
  'a messageExpression far too long': failing({ messageExpression: `"${'x'.repeat(6000)}"` }),
  'reason Required': failing({ reason: 'FieldValueRequired', fieldPath: '.a' }),
  'reason Forbidden': failing({ reason: 'FieldValueForbidden' }),
  'reason Duplicate': failing({ reason: 'FieldValueDuplicate' }),
  'reason Invalid': failing({ reason: 'FieldValueInvalid', fieldPath: '.a' }),
  'a fieldPath into a map': failing({ fieldPath: ".m['a.b']" }),
  'a text': scalar(text, { rule: "self == 'x'", message: 'm' }, 'y'),
  'an integer': scalar(int, { rule: 'self == 1' }, 2),
  'a number': scalar({ type: 'number' }, { rule: 'self == 1.5' }, 2.5),
  'a bool': scalar({ type: 'boolean' }, { rule: 'self' }, false),
  'a duplicate text': scalar(text, { rule: "self == 'x'", reason: 'FieldValueDuplicate' }, 'y'),
  'a list': scalar({ type: 'array', items: int }, { rule: 'self.size() == 1' }, [1, 2]),
  'null where it is allowed': scalar({ type: 'string', nullable: true }, { rule: "self == 'x'" }, null),
  'a name of metadata': {
    schema: {
      type: 'object',
      properties: {},
      'x-kubernetes-validations': [{ rule: "self.metadata.name == 'm' && self.kind == 'T'" }],
    },
    object: at({}),
  },
  'labels of metadata': {
    schema: {
      type: 'object',
      properties: {},
      'x-kubernetes-validations': [{ rule: 'has(self.metadata.labels)' }],
    },
    object: at({}),
  },
  'values of a map': {
    schema: ruled({
      m: {
        type: 'object',
        additionalProperties: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 1' }] },
      },
    }),
    object: at({ m: { one: 1, two: 2 } }),
  },
  'prototype names': {
    schema: ruled(
      { m: { type: 'object', additionalProperties: int } },
      { rule: "'constructor' in self.m || 'toString' in self.m || has(self.m.valueOf)" },
    ),
    object: at({ m: { a: 1 } }),
  },
  'a call that costs too much': {
    schema: ruled(
      { l: { type: 'array', items: int } },
      { rule: 'self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))' },
      { rule: 'false' },
    ),
    object: at({ l: Array.from({ length: 200 }, (_, index) => index) }),
  },
  'rules that together cost too much': {
    schema: ruled(
      { l: { type: 'array', items: int } },
      ...Array.from({ length: 20 }, (_, index) => ({
        rule: `self.l.all(a, self.l.all(b, a + b >= -${index}))`,
      })),
    ),
    object: at({ l: Array.from({ length: 330 }, (_, index) => index) }),
  },
};
