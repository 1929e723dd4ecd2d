import { validate } from '@apidevtools/swagger-parser';
import { describe, expect, it } from 'vitest';
import type { CustomResourceDefinition } from '../../schema/load-crds.ts';
import { defineResources, loadDefinitions } from '../../schema/load-crds.ts';
import { readFields } from '../protobuf/wire.ts';
import type { PathItem } from './operation.ts';
import { OpenApiPublisher } from './publication.ts';
import type { PublishedDocument } from './published-document.ts';
import type { OpenApiSchema } from './schema.ts';

const definitions = loadDefinitions();

/** Names that objects of JavaScript have without being given them. */
const INHERITED = JSON.parse('{"__proto__":{"type":"string"},"constructor":{"type":"string"}}') as object;

/** Has everything that a schema may say and OpenAPI cannot, and names that are no names elsewhere. */
const ODD: CustomResourceDefinition = {
  metadata: { name: 'odds.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Cluster',
    names: { kind: 'Odd', plural: 'odds' },
    versions: [
      {
        name: 'v1beta1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        selectableFields: [{ jsonPath: '.spec.color' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: [],
            properties: {
              spec: {
                type: 'object',
                required: ['maybe', 'color'],
                properties: {
                  replicas: { type: 'integer', format: 'int32', minimum: 0 },
                  color: { type: 'string', enum: ['red\u0085', 'green'], default: 'green' },
                  maybe: { type: 'object', nullable: true, properties: { inner: { type: 'string' } } },
                  anything: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  port: { 'x-kubernetes-int-or-string': true },
                  either: {
                    type: 'object',
                    properties: { one: { type: 'string' }, two: { type: 'string' } },
                    oneOf: [{ required: ['one'] }, { required: ['two'] }],
                    not: { required: ['one', 'two'] },
                  },
                  template: {
                    type: 'object',
                    'x-kubernetes-embedded-resource': true,
                    properties: { spec: { type: 'object' } },
                  },
                  list: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['name'],
                    items: { type: 'object', properties: { name: { type: 'string' } } },
                  },
                  ...INHERITED,
                },
              },
              status: { type: 'object', properties: { replicas: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
};
const odd = defineResources(ODD, { builtIn: false });

interface Document {
  paths: Record<string, PathItem>;
  components: { schemas: Record<string, OpenApiSchema> };
  definitions: Record<string, OpenApiSchema>;
}

const parsed = ({ bytes }: PublishedDocument): Document =>
  JSON.parse(new TextDecoder().decode(bytes)) as Document;

const publication = new OpenApiPublisher().publish([...definitions, ...odd]);
const v3 = (path: string): Document => {
  const make = publication.v3.get(path);
  if (make === undefined) throw new Error(`no document ${path}`);
  return parsed(make());
};

describe('OpenAPI v3', () => {
  const paths = [...publication.v3.keys()];

  it('has a document per group and version', () => {
    expect(paths).toContain('api/v1');
    expect(paths).toContain('apis/agent.wecode.io/v1');
    expect(paths).toContain('apis/agent.wecode.io/v1alpha1');
    expect(paths).toContain('apis/example.com/v1beta1');
  });

  it.each(paths)('%s is valid', async (path) => {
    const document = v3(path);
    await expect(validate(document as never)).resolves.toBeDefined();
  });

  it.each(paths)('%s has no operation twice', (path) => {
    const operations = Object.values(v3(path).paths).flatMap((item) => Object.values(item));
    const ids = operations.flatMap((one) => ('operationId' in one ? [one.operationId] : []));
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it.each([
    ['api/v1', 'io.k8s.api.core.v1.Secret'],
    ['api/v1', 'io.k8s.api.core.v1.EventList'],
    ['apis/coordination.k8s.io/v1', 'io.k8s.api.coordination.v1.Lease'],
    ['apis/agent.wecode.io/v1', 'io.wecode.agent.v1.Task'],
    ['apis/agent.wecode.io/v1', 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'],
    ['apis/example.com/v1beta1', 'com.example.v1beta1.OddList'],
    ['apis/example.com/v1beta1', 'io.k8s.api.autoscaling.v1.Scale'],
  ])('%s has %s, named as upstream', (path, name) => {
    expect(Object.keys(v3(path).components.schemas)).toContain(name);
  });

  it('has all paths of a kind', () => {
    const ofOdd = Object.entries(v3('apis/example.com/v1beta1').paths).map(([path, item]) => [
      path,
      Object.keys(item).filter((key) => key !== 'parameters'),
    ]);
    const item = '/apis/example.com/v1beta1/odds/{name}';
    expect(Object.fromEntries(ofOdd)).toEqual({
      '/apis/example.com/v1beta1/': ['get'],
      '/apis/example.com/v1beta1/odds': ['get', 'post', 'delete'],
      [item]: ['get', 'put', 'patch', 'delete'],
      [`${item}/status`]: ['get', 'put', 'patch'],
      [`${item}/scale`]: ['get', 'put', 'patch'],
    });
  });

  it('tells kubectl what PATCH knows', () => {
    const path = '/apis/agent.wecode.io/v1/namespaces/{namespace}/tasks/{name}';
    const patch = v3('apis/agent.wecode.io/v1').paths[path]?.patch;
    expect(patch?.operationId).toBe('patchAgentWecodeIoV1NamespacedTask');
    expect(patch?.['x-kubernetes-action']).toBe('patch');
    expect(patch?.['x-kubernetes-group-version-kind']).toEqual({
      group: 'agent.wecode.io',
      version: 'v1',
      kind: 'Task',
    });
    expect(patch?.parameters?.map((parameter) => parameter.name)).toEqual([
      'dryRun',
      'fieldManager',
      'fieldValidation',
      'force',
    ]);
    expect(Object.keys(patch?.requestBody?.content ?? {})).not.toContain(
      'application/strategic-merge-patch+json',
    );
    const secret = v3('api/v1').paths['/api/v1/namespaces/{namespace}/secrets/{name}']?.patch;
    expect(Object.keys(secret?.requestBody?.content ?? {})).toContain(
      'application/strategic-merge-patch+json',
    );
  });

  it('loses no name', () => {
    const spec = v3('apis/example.com/v1beta1').components.schemas['com.example.v1beta1.Odd'];
    const names = Object.keys(spec?.properties?.['spec']?.properties ?? {});
    expect(names).toContain('__proto__');
    expect(names).toContain('constructor');
  });

  it('says what only v3 can say', () => {
    const spec = v3('apis/example.com/v1beta1').components.schemas['com.example.v1beta1.Odd'];
    expect(spec).toMatchObject({
      'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1beta1', kind: 'Odd' }],
      'x-kubernetes-selectable-fields': [{ fieldPath: 'spec.color' }],
      properties: {
        metadata: {
          allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }],
        },
        spec: {
          properties: {
            maybe: { type: 'object', nullable: true },
            port: { anyOf: [{ type: 'integer' }, { type: 'string' }] },
            template: { required: ['apiVersion', 'kind'], properties: { spec: { type: 'object' } } },
            constructor: { type: 'string' },
          },
        },
      },
    });
    expect(spec).not.toHaveProperty('required');
  });
});

describe('OpenAPI v2', () => {
  const document = parsed(publication.v2());

  it('is valid', async () => {
    await expect(validate(structuredClone(document) as never)).resolves.toBeDefined();
  });

  it('has the kinds of all groups, and of meta/v1', () => {
    const names = Object.keys(document.definitions);
    expect(names).toEqual([...new Set(names)]);
    expect(names).toContain('io.k8s.api.core.v1.ConfigMap');
    expect(names).toContain('io.wecode.agent.v1alpha1.Sandbox');
    expect(names).toContain('com.example.v1beta1.Odd');
    expect(names).toContain('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions');
  });

  it('leaves out what v2 cannot say of a custom resource', () => {
    const spec = document.definitions['com.example.v1beta1.Odd']?.properties?.['spec'];
    expect(spec?.required).toEqual(['color']);
    expect(spec?.properties?.['maybe']).toEqual({});
    expect(spec?.properties?.['anything']).toEqual({ 'x-kubernetes-preserve-unknown-fields': true });
    expect(spec?.properties?.['port']).toEqual({ 'x-kubernetes-int-or-string': true });
    expect(Object.keys(spec?.properties?.['either'] ?? {})).toEqual(['type', 'properties']);
    expect(spec?.properties?.['list']).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    });
  });

  it('keeps the types of built-in kinds, nullable or not', () => {
    const event = document.definitions['io.k8s.api.core.v1.Event'];
    expect(event?.properties?.['firstTimestamp']).toMatchObject({ type: 'string', format: 'date-time' });
    expect(event?.properties?.['metadata']).toMatchObject({
      $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
    });
  });

  it('is a message of the same with the same hash', () => {
    const message = publication.v2Protobuf();
    expect(message.hash).toBe(publication.v2().hash);
    const fields = readFields(message.bytes);
    const list = (number: number): number =>
      fields
        .filter((field) => field.number === number)
        .flatMap(({ value }) => (value instanceof Uint8Array ? readFields(value) : [])).length;
    expect(list(8)).toBe(Object.keys(document.paths).length);
    expect(list(9)).toBe(Object.keys(document.definitions).length);
  });
});

describe('a publisher', () => {
  it('makes again what changed, and only that', () => {
    const publisher = new OpenApiPublisher();
    const before = publisher.publish(definitions);
    const after = publisher.publish([...definitions, ...odd]);
    expect(after.v3.get('api/v1')).toBe(before.v3.get('api/v1'));
    expect(after.v3.has('apis/example.com/v1beta1')).toBe(true);
    expect(after.v2().hash).not.toBe(before.v2().hash);
    expect(publisher.publish(definitions).v2().hash).toBe(before.v2().hash);
  });
});
