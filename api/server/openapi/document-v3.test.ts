import { describe, expect, it } from 'vitest';
import { loadDefinitions } from '../../schema/load-crds.ts';
import { buildOpenApiDocuments, buildOpenApiIndex, schemaName } from './document-v3.ts';

const definitions = loadDefinitions();
const documents = buildOpenApiDocuments(definitions);
const each = [...documents].map(([path, document]) => ({ path, document }));

describe('OpenAPI v3', () => {
  it('has a document per group and version', () => {
    expect([...documents.keys()]).toEqual([
      'api/v1',
      'apis/agent.wecode.io/v1',
      'apis/agent.wecode.io/v1alpha1',
      'apis/coordination.k8s.io/v1',
    ]);
  });

  it('names kinds as upstream does', () => {
    const names = definitions.map((definition) => schemaName(definition));
    expect(names).toContain('io.wecode.agent.v1.Task');
    expect(names).toContain('io.k8s.api.core.v1.Event');
    expect(names).toContain('io.k8s.api.coordination.v1.Lease');
  });

  it('the index leads to each document by its hash', () => {
    expect(buildOpenApiIndex(new Map([['api/v1', 'A+B']]))).toEqual({
      paths: { 'api/v1': { serverRelativeURL: '/openapi/v3/api/v1?hash=A%2BB' } },
    });
  });

  it.each(each)('$path refers only to schemas it has', ({ document }) => {
    const text = JSON.stringify(document);
    const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      (match) => match[1] ?? '',
    );
    expect(names.filter((name) => !Object.hasOwn(document.components.schemas, name))).toEqual([]);
  });

  it.each(each)('$path has no operation twice', ({ document }) => {
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
    const ids = operations.flatMap((one) => ('operationId' in one ? [one.operationId] : []));
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it('tells kubectl that PATCH of a Task knows dry runs and field validation', () => {
    const path = '/apis/agent.wecode.io/v1/namespaces/{namespace}/tasks/{name}';
    const patch = documents.get('apis/agent.wecode.io/v1')?.paths[path]?.patch;
    expect(patch?.['x-kubernetes-action']).toBe('patch');
    expect(patch?.['x-kubernetes-group-version-kind']).toEqual({
      group: 'agent.wecode.io',
      version: 'v1',
      kind: 'Task',
    });
    const names = patch?.parameters?.map((parameter) => parameter.name);
    expect(names).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
  });

  it('gives the schema of a kind its group, version and kind, and its metadata', () => {
    const schema = documents.get('apis/agent.wecode.io/v1')?.components.schemas['io.wecode.agent.v1.Task'];
    expect(schema?.['x-kubernetes-group-version-kind']).toEqual([
      { group: 'agent.wecode.io', version: 'v1', kind: 'Task' },
    ]);
    expect(schema?.properties?.['metadata']?.allOf).toEqual([
      { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
    ]);
  });
});
