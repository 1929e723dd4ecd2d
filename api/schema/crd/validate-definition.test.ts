import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../../machinery/meta.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import { defaultCustomResourceDefinition, withStorageVersion } from './default-definition.ts';
import { unknownKeywords } from './decode-definition.ts';
import { definitionWarnings } from './definition-warnings.ts';
import { validateCustomResourceDefinition } from './validate-definition.ts';

/** The texts are compared with upstream's in test/conformance/schema; here is what clients run into first. */

const SCHEMA = { type: 'object', properties: { spec: { type: 'object' } } };

function crd(spec: JsonObject = {}, version: JsonObject = {}): Unstructured {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: SCHEMA }, ...version },
      ],
      ...spec,
    },
  };
}

const withSpec = (spec: unknown): Unstructured =>
  crd({}, { schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } });

const written = (object: Unstructured): Unstructured =>
  withStorageVersion(defaultCustomResourceDefinition(object));

function found(object: Unstructured, previous?: Unstructured): string[] {
  const causes = validateCustomResourceDefinition(written(object), previous && written(previous));
  return causes.map(({ field, message }) => `${field}: ${message}`);
}

describe('defaultCustomResourceDefinition', () => {
  it('fills in names and conversion', () => {
    const { spec } = defaultCustomResourceDefinition(crd());
    expect(spec).toMatchObject({
      names: { plural: 'things', kind: 'Thing', singular: 'thing', listKind: 'ThingList' },
      conversion: { strategy: 'None' },
    });
  });

  it('leaves out keywords that are none, at any depth', () => {
    const odd = { type: 'object', zork: 1, properties: { a: { type: 'string', zork: 2, pattern: null } } };
    const { spec } = defaultCustomResourceDefinition(withSpec(odd));
    expect(spec).toMatchObject({
      versions: [
        { schema: { openAPIV3Schema: { properties: { spec: { properties: { a: { type: 'string' } } } } } } },
      ],
    });
    expect(JSON.stringify(spec)).not.toContain('zork');
  });
});

describe('unknownKeywords', () => {
  it('names keywords that are none', () => {
    const rule = { rule: 'true', mesage: 'm' };
    const spec = { type: 'object', requried: ['a'], 'x-kubernetes-validations': [rule] };
    const at = 'spec.versions[0].schema.openAPIV3Schema.properties.spec';
    expect(unknownKeywords(withSpec(spec), [])).toEqual([
      `${at}.requried`,
      `${at}.x-kubernetes-validations[0].mesage`,
    ]);
  });

  it.each([
    [
      withSpec({ type: ['string'] }),
      'array',
      'spec.versions.schema.openAPIV3Schema.properties.spec.type',
      'string',
    ],
    [
      withSpec({ minLength: 1.5 }),
      'number',
      'spec.versions.schema.openAPIV3Schema.properties.spec.minLength',
      'integer',
    ],
  ])('%#: refuses what Go could not decode', (object, got, at, wanted) => {
    const text = `json: cannot unmarshal ${got} into Go struct field CustomResourceDefinition.${at} of type ${wanted}`;
    expect(() => unknownKeywords(object, [])).toThrow(
      `CustomResourceDefinition in version "v1" cannot be handled as a CustomResourceDefinition: ${text}`,
    );
  });
});

describe('definitionWarnings', () => {
  const odd = withSpec({
    type: 'object',
    properties: {
      a: { type: 'string', format: 'foo' },
      b: { type: 'integer', format: 'int32' },
      c: { type: 'integer', format: 'uint64' },
    },
  });

  it('tells what has no effect, once', () => {
    expect(definitionWarnings(odd, undefined)).toEqual([
      'unrecognized format "foo"',
      'unrecognized format "uint64"',
    ]);
    expect(definitionWarnings(odd, odd)).toEqual([]);
  });
});

const AT = 'spec.validation.openAPIV3Schema.properties[spec]';

describe('validateCustomResourceDefinition', () => {
  it.each([
    [crd(), [], 'the least there can be'],
    [
      { ...crd(), metadata: { name: 'others.example.com' } },
      ['metadata.name: Invalid value: "others.example.com": must be spec.names.plural+"."+spec.group'],
      'the name is made of plural and group',
    ],
    [
      crd({ scope: 'Everywhere' }),
      ['spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced"'],
      'a scope that is none',
    ],
    [
      crd({ conversion: { strategy: 'Webhook', webhook: {} } }),
      ['spec.conversion.strategy: Unsupported value: "Webhook": supported values: "None"'],
      'webhooks are not asked',
    ],
    [
      withSpec({ properties: { a: { type: 'string' } } }),
      [`${AT}.type: Required value: must not be empty for specified object fields`],
      'a type for each field',
    ],
    [
      withSpec({ type: 'string', default: 1 }),
      [`${AT}.default: Invalid value: "integer":  in body must be of type string: "integer"`],
      'a default that does not fit',
    ],
    [
      withSpec({ type: 'object', properties: { a: 'string' } }),
      [
        'spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.a: Invalid value: "string": spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.a in body must be of type object: "string"',
      ],
      'a schema that is a text',
    ],
    [
      withSpec({ type: 'string', pattern: '(' }),
      [expect.stringContaining(`${AT}.pattern: Invalid value: "(": must be a valid regular expression`)],
      'a pattern that is none',
    ],
    [
      withSpec({ type: 'string', pattern: 'a{1000}'.repeat(100) }),
      [
        'spec.validation.openAPIV3Schema: Forbidden: the patterns of the schema must not have more than 50000 states together',
      ],
      'a pattern that would hold up the server',
    ],
    [
      withSpec({ type: 'string', default: 'a'.repeat(200_000), pattern: '(((a?){50})(a{50})){10}$' }),
      [expect.stringMatching(/is too long to be matched against its pattern$/)],
      'a match that would hold up the server',
    ],
    [
      withSpec({ type: 'array', items: [] }),
      [`${AT}.items: Required value: must be specified`],
      'a list without a schema of its items',
    ],
    [
      withSpec({ type: 'object', $schema: 'http://json-schema.org/draft-07/schema' }),
      [`spec.validation.openAPIV3Schema: Invalid value: "": OpenAPIV3Schema 'schema' is not supported`],
      'another kind of schema',
    ],
    [
      withSpec({ type: 'integer', default: 1, 'x-kubernetes-validations': [{ rule: 'self > 3' }] }),
      [`${AT}.default: Invalid value: 1: failed rule: self > 3`],
      'a default against its own rule',
    ],
    [
      withSpec({ type: 'integer', default: 1, 'x-kubernetes-validations': [{ rule: 'self > oldSelf' }] }),
      [`${AT}.default: Invalid value: 1: failed rule: self > oldSelf`],
      'a default that could not be kept',
    ],
    [
      withSpec({
        type: 'object',
        properties: { a: { type: 'string' } },
        allOf: [{ 'x-kubernetes-validations': [{ rule: 'true' }] }],
      }),
      [`${AT}.allOf[0].x-kubernetes-validations: Forbidden: must be empty to be structural`],
      'a rule that would not be run',
    ],
    [
      withSpec({
        type: 'object',
        'x-kubernetes-validations': [{ rule: Array(3000).fill('true').join(' && ') }],
      }),
      [],
      'a long rule',
    ],
    [
      withSpec({
        type: 'object',
        'x-kubernetes-validations': [{ rule: `${Array(9000).fill('1').join('+')} > 0` }],
      }),
      [expect.stringContaining('expression is nested too deep')],
      'a rule that is deeper than the stack',
    ],
    [
      withSpec({ type: 'object', 'x-kubernetes-validations': [{ rule: ' ' }] }),
      [`${AT}.x-kubernetes-validations[0].rule: Required value: rule is not specified`],
      'a rule without an expression',
    ],
  ])('%#: finds %j', (object, want, reason) => {
    expect(found(object), reason).toEqual(want);
  });

  it('lets no one change what objects are stored under', () => {
    const before = crd();
    const after = { ...crd({ group: 'example.org', scope: 'Cluster' }), metadata: before.metadata };
    expect(found(after, before)).toEqual(['spec.group: Invalid value: "example.org": field is immutable']);
    const established = { ...before, status: { conditions: [{ type: 'Established', status: 'True' }] } };
    expect(found(after, established)).toContain('spec.scope: Invalid value: "Cluster": field is immutable');
  });

  it('keeps a version that may be stored', () => {
    const gone = { ...crd(), status: { storedVersions: ['v1', 'v0'] } };
    expect(found(gone)).toEqual([
      expect.stringMatching(/^status\.storedVersions\[1\]: Invalid value: "v0": missing from/),
    ]);
  });

  it.each([
    [undefined, ['v2'], 'a new definition'],
    [['v1'], ['v1', 'v2'], 'another version stores from now on'],
    [['v2', 'v1'], ['v2', 'v1'], 'the version has stored before'],
  ])('counts the storage version among the stored ones: %j', (storedVersions, want, reason) => {
    const stored = { ...crd({}, { name: 'v2' }), ...(storedVersions && { status: { storedVersions } }) };
    expect(withStorageVersion(stored)['status'], reason).toEqual({ storedVersions: want });
  });

  it('judges what is defined only when it changes', () => {
    const odd = crd({ scope: 'Everywhere' });
    expect(found({ ...odd, metadata: { ...odd.metadata, labels: { a: 'b' } } }, odd)).toEqual([]);
  });

  it('stops at a hundred findings', () => {
    const fields = Array.from({ length: 500 }, (_, index) => [`f${index}`, {}]);
    expect(found(withSpec({ type: 'object', properties: Object.fromEntries(fields) }))).toHaveLength(100);
  });
});
