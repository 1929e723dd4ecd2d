import type { StructuralSchema } from '#api/structural-schema/structural-schema';

/** Schemas whose rules are admitted, or not: by us and by kube-apiserver. */
const spec = (properties: Record<string, StructuralSchema>, ...rules: object[]): StructuralSchema => ({
  type: 'object',
  properties: {
    spec: { type: 'object', properties, 'x-kubernetes-validations': rules as never },
  },
});

const text: StructuralSchema = { type: 'string' };
const int: StructuralSchema = { type: 'integer' };
const ints: StructuralSchema = { type: 'array', items: int };
const texts: StructuralSchema = { type: 'array', items: text };
const bounded: StructuralSchema = { type: 'array', maxItems: 100, items: { type: 'string', maxLength: 100 } };
const nested: StructuralSchema = {
  type: 'array',
  items: { type: 'array', items: { type: 'array', items: int } },
};
const map: StructuralSchema = { type: 'object', additionalProperties: text };
const listWith = (rule: string, extra: StructuralSchema = {}): StructuralSchema => ({
  type: 'array',
  items: { type: 'object', properties: { k: text, v: int }, 'x-kubernetes-validations': [{ rule }] },
  ...extra,
});

export const ADMISSIONS: Record<string, StructuralSchema> = {
  'a good rule': spec({ a: int }, { rule: 'self.a > 1' }),
  'no field of that name': spec({ a: int }, { rule: 'self.b > 1' }),
  'not a bool': spec({ a: int }, { rule: 'self.a' }),
  'an empty rule': spec({ a: int }, { rule: ' ' }),
  'an empty message': spec({ a: int }, { rule: 'true', message: ' ' }),
  'a message of two lines': spec({ a: int }, { rule: 'true', message: 'a\nb' }),
  'a rule of two lines without a message': spec({ a: int }, { rule: 'true\n&& true' }),
  'an empty messageExpression': spec({ a: int }, { rule: 'true', messageExpression: ' ' }),
  'a messageExpression that is no text': spec({ a: int }, { rule: 'true', messageExpression: 'self.a' }),
  'a messageExpression that does not compile': spec(
    { a: int },
    { rule: 'true', messageExpression: 'self.b' },
  ),
  'an unknown reason': spec({ a: int }, { rule: 'true', reason: 'Because' }),
  'a good fieldPath': spec({ a: int }, { rule: 'true', fieldPath: '.a' }),
  'a fieldPath to nowhere': spec({ a: int }, { rule: 'true', fieldPath: '.b' }),
  'a fieldPath without a dot': spec({ a: int }, { rule: 'true', fieldPath: 'a' }),
  'a fieldPath into a map': spec({ m: map }, { rule: 'true', fieldPath: ".m['a.b']" }),
  'optionalOldSelf without oldSelf': spec({ a: int }, { rule: 'true', optionalOldSelf: true }),
  optionalOldSelf: spec({ a: int }, { rule: 'oldSelf.hasValue() || self.a > 1', optionalOldSelf: true }),
  'a transition in an atomic list': spec({ l: listWith('self == oldSelf', { maxItems: 3 }) }),
  'a transition in a map list': spec({
    l: {
      ...listWith('self.v >= oldSelf.v', { maxItems: 3 }),
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: {
        type: 'object',
        required: ['k'],
        properties: { k: text, v: int },
        'x-kubernetes-validations': [{ rule: 'self.v >= oldSelf.v' }],
      },
    },
  }),
  'texts in a list without bounds': spec({ l: texts }, { rule: "self.l.all(x, x == 'a')" }),
  'pairs of a list': spec({ l: ints }, { rule: 'self.l.all(x, self.l.all(y, x == y))' }),
  'pairs of texts': spec({ l: texts }, { rule: 'self.l.all(x, self.l.all(y, x == y))' }),
  'bounded texts': spec({ l: bounded }, { rule: 'self.l.all(x, self.l.exists_one(y, x == y))' }),
  'three levels': spec({ l: nested }, { rule: 'self.l.all(a, a.all(b, b.all(c, c > 1)))' }),
  'matches on a text without bounds': spec({ s: text }, { rule: "self.s.matches('^[a-z]+([a-z0-9-]*)$')" }),
  'contains on texts': spec({ s: text, t: text }, { rule: 'self.s.contains(self.t)' }),
  'a rule on each item': spec({ l: listWith("self.k.startsWith('a')") }),
  'a dear rule on each item': spec({ l: listWith("self.k.matches('^a.*b$')") }),
  'a rule on each item of a bounded list': spec({ l: listWith("self.k.matches('^a.*b$')", { maxItems: 5 }) }),
  'split and join': spec({ s: text }, { rule: "self.s.split(',').map(x, x + 'a').join('-').size() > 3" }),
  replace: spec({ s: text }, { rule: "self.s.replace('a', 'bbbb').replace('b', 'cccc').size() > 3" }),
  'sum of a list': spec({ l: ints }, { rule: 'self.l.sum() < 5 && self.l.max() < 3 && self.l.isSorted()' }),
  indexOf: spec({ l: texts }, { rule: "self.l.indexOf('a') == 1" }),
  'keys of a map': spec({ m: map }, { rule: "self.m.all(k, self.m[k] == 'a')" }),
  'in a list of texts': spec({ l: texts, s: text }, { rule: 'self.s in self.l' }),
  'all of a list in a list': spec({ l: texts, m: texts }, { rule: 'self.l.all(x, x in self.m)' }),
  'two-variable comprehension': spec({ m: map }, { rule: 'self.m.all(k, v, v.startsWith(k))' }),
  transformList: spec({ l: ints }, { rule: 'self.l.transformList(i, v, v + i).sum() > 1' }),
  quantity: spec({ s: text }, { rule: "quantity(self.s).isLessThan(quantity('1'))" }),
  'ip and cidr': spec({ s: text }, { rule: "isIP(self.s) && cidr('10.0.0.0/8').containsIP(self.s)" }),
  format: spec({ s: text }, { rule: '!format.dns1123Label().validate(self.s).hasValue()' }),
  find: spec({ s: text }, { rule: "self.s.findAll('a+').size() < 3" }),
  sets: spec({ l: ints }, { rule: 'sets.contains([1, 2], self.l)' }),
  'ternary of lists': spec(
    { l: ints, m: ints },
    { rule: '(self.l.size() > 1 ? self.l : self.m).all(x, x > 1)' },
  ),
  'concatenated lists': spec({ l: texts, m: texts }, { rule: "(self.l + self.m).all(x, x != 'a')" }),
  'a dear messageExpression': spec(
    { l: texts },
    { rule: 'true', messageExpression: "self.l.map(x, x.replace('a', 'b')).join(',')" },
  ),
  'optional map': spec({ s: text }, { rule: "self.?s.optMap(x, x + 'a').orValue('') != 'b'" }),
  'many dear rules': spec(
    { l: { type: 'array', maxItems: 1000, items: { type: 'string', maxLength: 500 } } },
    ...Array.from({ length: 30 }, (_, index) => ({
      rule: `self.l.all(x, x.contains('a${'b'.repeat(index)}'))`,
      message: 'm',
    })),
  ),
};
