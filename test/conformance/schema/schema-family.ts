import fc from 'fast-check';
import type { StructuralSchema } from '#api/structural-schema/structural-schema';

/** Schemas of the family that CustomResourceDefinitions are made of, every keyword among them. */

export const FIELDS = ['a', 'b', 'c', 'd', 'e-f'];
const FORMATS = [
  'byte',
  'date',
  'date-time',
  'datetime',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'cidr',
  'mac',
  'uri',
  'uuid',
  'uuid4',
  'int32',
  'isbn',
  'creditcard',
  'ssn',
  'hexcolor',
  'rgbcolor',
  'password',
  'k8s-short-name',
  'made-up',
];
const PATTERNS = ['^[a-z]+$', 'b', '^$', '(?i)^A', String.raw`^\d+$`];
export const TEXTS = [
  '',
  'a',
  'b',
  'A',
  'abc',
  'ab"c',
  'a<b',
  'ä',
  '😀😀',
  '12',
  'a\nb',
  '\u0001',
  'YWJj',
  '2026-01-02',
  '2026-01-02T03:04:05Z',
  '10.0.0.1',
  '010.0.0.1',
  '::1',
  '10.0.0.0/8',
  '1h2m',
  '3 days',
  'a@b.c',
  'example.com',
  'http://x/y?z',
  '/path',
  '00:11:22:33:44:55',
  '123e4567-e89b-42d3-a456-426614174000',
  '#fff',
  'rgb(1, 2,3)',
  '123-45-6789',
  '978-0321751041',
  '4111111111111111',
];
export const NUMBERS = [
  0, 1, 2, -1, 3, 7, 10, 0.5, 1.5, -2.5, 0.1, 100, 2147483647, 2147483648, 1e300, 123456.75,
];

const text = fc.constantFrom(...TEXTS);
const number = fc.constantFrom(...NUMBERS);
const size = fc.integer({ min: 0, max: 3 });
/** Present in `weight` of 8 cases. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>, weight = 3): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight, arbitrary }, { weight: 8 - weight, arbitrary: fc.constant(undefined) });

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys that have no value. */
function present<T extends object>(value: T): Present<T> {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as Present<T>;
}

const stringKeywords = fc
  .record({
    minLength: maybe(size, 2),
    maxLength: maybe(size, 2),
    pattern: maybe(fc.constantFrom(...PATTERNS), 2),
    format: maybe(fc.constantFrom(...FORMATS), 1),
    enum: maybe(fc.uniqueArray(text, { minLength: 1, maxLength: 3 }), 2),
  })
  .map(present);

const numberKeywords = fc
  .record({
    minimum: maybe(number, 2),
    maximum: maybe(number, 2),
    exclusiveMinimum: maybe(fc.boolean(), 2),
    exclusiveMaximum: maybe(fc.boolean(), 2),
    multipleOf: maybe(fc.constantFrom(1, 2, 0.5, 3, 0.1), 2),
    enum: maybe(fc.uniqueArray(number, { minLength: 1, maxLength: 3 }), 2),
  })
  .map(present);

/** What may stand in allOf, anyOf, oneOf and not about a value of any type. */
const leafValidation: fc.Arbitrary<StructuralSchema> = fc.oneof(
  stringKeywords,
  numberKeywords,
  fc.constant({}),
  fc.record({ minItems: size }),
  fc.record({ minProperties: size, maxProperties: size }),
);

function withLogic(schema: fc.Arbitrary<StructuralSchema>): fc.Arbitrary<StructuralSchema> {
  return schema.chain((one) => {
    const branch = branchOf(one);
    const branches = fc.array(branch, { minLength: 1, maxLength: 3 });
    return fc
      .record({
        allOf: maybe(branches, 1),
        anyOf: maybe(branches, 2),
        oneOf: maybe(branches, 1),
        not: maybe(branch, 1),
      })
      .map((logic): StructuralSchema => Object.assign(present(logic), one));
  });
}

/** Fields named within a branch must stand outside, too. */
function branchOf({ properties, items }: StructuralSchema): fc.Arbitrary<StructuralSchema> {
  const names = Object.keys(properties ?? {});
  const fields =
    names.length === 0
      ? leafValidation
      : fc.record({
          required: fc.subarray(names, { minLength: 1 }),
          properties: fc.dictionary(fc.constantFrom(...names), leafValidation, { maxKeys: 2 }),
        });
  const itemValidation =
    items === undefined ? leafValidation : fc.record({ items: leafValidation, maxItems: size });
  return fc.oneof(leafValidation, fields, itemValidation);
}

const nullable = maybe(fc.boolean(), 2);

function formatted(formats: string[], type: 'integer' | 'number'): fc.Arbitrary<StructuralSchema> {
  return fc
    .tuple(numberKeywords, maybe(fc.constantFrom(...formats)))
    .map(([keywords, format]) => present(Object.assign({ type, format }, keywords)) as StructuralSchema);
}

const scalar: fc.Arbitrary<StructuralSchema> = withLogic(
  fc.oneof(
    stringKeywords.map((keywords): StructuralSchema => ({ type: 'string', ...keywords })),
    formatted(['int32', 'int64'], 'integer'),
    formatted(['float', 'double'], 'number'),
    fc.constant<StructuralSchema>({ type: 'boolean' }),
    stringKeywords.map((keywords): StructuralSchema =>
      Object.assign({ 'x-kubernetes-int-or-string': true }, keywords),
    ),
    fc.constant<StructuralSchema>({ 'x-kubernetes-preserve-unknown-fields': true }),
  ),
);

const object = (depth: number): fc.Arbitrary<StructuralSchema> =>
  withLogic(
    fc
      .record({
        type: fc.constant('object' as const),
        properties: fc.dictionary(fc.constantFrom(...FIELDS), node(depth - 1), { minKeys: 1, maxKeys: 4 }),
        required: maybe(fc.subarray(FIELDS, { maxLength: 2 }), 2),
        minProperties: maybe(size, 1),
        maxProperties: maybe(size, 1),
        'x-kubernetes-preserve-unknown-fields': maybe(fc.constant(true), 1),
      })
      .map(present) as fc.Arbitrary<StructuralSchema>,
  );

const map = (depth: number): fc.Arbitrary<StructuralSchema> =>
  fc
    .record({
      type: fc.constant('object' as const),
      additionalProperties: node(depth - 1),
      maxProperties: maybe(size, 2),
    })
    .map(present) as fc.Arbitrary<StructuralSchema>;

const list = (depth: number): fc.Arbitrary<StructuralSchema> =>
  withLogic(
    fc
      .record({
        type: fc.constant('array' as const),
        items: node(depth - 1),
        minItems: maybe(size, 2),
        maxItems: maybe(size, 2),
        'x-kubernetes-list-type': maybe(fc.constantFrom('atomic' as const, 'set' as const), 3),
      })
      .map(present) as fc.Arbitrary<StructuralSchema>,
  );

const keyed = (depth: number): fc.Arbitrary<StructuralSchema> =>
  fc
    .tuple(object(depth), fc.constantFrom<string[]>(['a'], ['a', 'b']))
    .map(([items, keys]): StructuralSchema => {
      const properties: Record<string, StructuralSchema> = {
        ...items.properties,
        a: { type: 'string' },
        b: { type: 'integer', default: 1 },
      };
      return {
        type: 'array',
        items: { ...items, properties, required: ['a'] },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': keys,
      };
    });

const embedded: fc.Arbitrary<StructuralSchema> = fc.constant({
  type: 'object',
  'x-kubernetes-embedded-resource': true,
  properties: { a: { type: 'string' } },
});

/** Of the right type, for most: a default that does not fit is refused with its definition. */
function defaultOf({ type, enum: values }: StructuralSchema): unknown {
  if (values !== undefined) return values[0];
  return type === undefined
    ? 'a'
    : { string: 'a', integer: 1, number: 0.5, boolean: true, array: [], object: {} }[type];
}

function node(depth: number): fc.Arbitrary<StructuralSchema> {
  const plain =
    depth <= 0
      ? scalar
      : fc.oneof(
          { weight: 4, arbitrary: scalar },
          { weight: 3, arbitrary: object(depth) },
          { weight: 1, arbitrary: map(depth) },
          { weight: 2, arbitrary: list(depth) },
          { weight: 1, arbitrary: keyed(depth) },
          { weight: 1, arbitrary: embedded },
        );
  return fc.tuple(plain, nullable, maybe(fc.constant(true), 2)).map(
    ([schema, canBeNull, hasDefault]) =>
      present(
        Object.assign({}, schema, {
          nullable: canBeNull,
          default: hasDefault === undefined ? undefined : defaultOf(schema),
        }),
      ) as StructuralSchema,
  );
}

export const rootSchema: fc.Arbitrary<StructuralSchema> = fc
  .tuple(node(2), node(3))
  .map(([status, spec]): StructuralSchema => ({ type: 'object', properties: { spec, status } }));
