import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../../machinery/meta.ts';
import { defineResources } from '../../schema/load-crds.ts';
import { createTable, parseIncludeObject } from './table.ts';
import { tableColumns } from './table-columns.ts';

const NOW = Date.UTC(2026, 10, 21, 7, 0, 0);

const [resource] = defineResources(
  {
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { kind: 'Thing', plural: 'things' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object' } },
          additionalPrinterColumns: [
            { name: 'Text', type: 'string', jsonPath: '.spec.text' },
            { name: 'All', type: 'string', jsonPath: '.spec.list[*]' },
            { name: 'Count', type: 'integer', jsonPath: '.spec.count' },
            { name: 'Ratio', type: 'number', jsonPath: '.spec.ratio' },
            { name: 'On', type: 'boolean', jsonPath: '.spec.on' },
            { name: 'Since', type: 'date', jsonPath: '.spec.since' },
            { name: 'Who', type: 'string', jsonPath: '{.kind}/{.metadata.name}', priority: 1 },
          ],
        },
      ],
    },
  },
  { builtIn: false },
);

function thing(spec: object): Unstructured {
  return { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a', resourceVersion: '7' }, spec };
}

describe('cells', () => {
  it.each([
    [{}, ['a', null, null, null, null, null, null, 'Thing/a'], 'what is missing is null'],
    [
      { text: 'x', list: [1, { b: 2 }], count: 3, ratio: 0.5, on: false, since: '2026-11-21T06:55:00Z' },
      ['a', 'x', '1', 3, 0.5, false, '5m', 'Thing/a'],
      'each type in its own way',
    ],
    [
      { text: 5, count: 'many', ratio: 'x', on: 'yes', since: 'yesterday' },
      ['a', '5', null, null, null, null, '<invalid>', 'Thing/a'],
      'wrong types',
    ],
  ])('%j', (spec, want, reason) => {
    if (resource === undefined) throw new Error('no resource');
    expect(tableColumns(resource).cells(thing(spec), NOW), reason).toEqual(want);
  });
});

describe('a Table', () => {
  it('has columns in the first event of a watch only', () => {
    if (resource === undefined) throw new Error('no resource');
    const table = createTable({
      columnsOf: resource,
      apiVersion: 'meta.k8s.io/v1',
      includeObject: 'None',
      now: () => NOW,
    });
    const object = { object: thing({}), json: () => '{}' };
    const [first, second, mark] = [
      table.eventObject({ type: 'ADDED', object }),
      table.eventObject({ type: 'MODIFIED', object }),
      table.eventObject({ type: 'BOOKMARK', revision: 9, initialEventsEnd: false }),
    ].map((text) => JSON.parse(text) as { columnDefinitions: unknown; metadata: unknown; rows: unknown });
    expect(first?.columnDefinitions).toHaveLength(8);
    expect(second?.columnDefinitions).toBeNull();
    expect(mark).toMatchObject({ metadata: { resourceVersion: '9' }, rows: [{ object: null }] });
  });

  it('refuses to include what it does not know', () => {
    expect(parseIncludeObject(undefined)).toBe('Metadata');
    expect(() => parseIncludeObject('Everything')).toThrow(expect.objectContaining({ code: 400 }));
  });
});
