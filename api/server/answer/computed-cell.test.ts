import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../../machinery/meta.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import { tableColumns } from './table-columns.ts';

const NOW = Date.UTC(2026, 10, 21, 7, 0, 0);
const resources = loadDefinitions();

/** The row of a Table as a real server answers it, all columns. */
function row(plural: string, content: object, group = ''): unknown[] {
  const resource = resources.find((one) => one.plural === plural && one.group === group);
  if (resource === undefined) throw new Error(`no ${plural}`);
  const metadata = { name: 'a', creationTimestamp: '2026-11-21T06:00:00Z' };
  const object = { apiVersion: 'v1', kind: resource.kind, metadata, ...content } as Unstructured;
  return tableColumns(resource).cells(object, NOW);
}

describe('columns of built-in kinds', () => {
  it('counts data', () => {
    expect(row('secrets', { type: 'Opaque', data: { a: '', b: '' } })).toEqual(['a', 'Opaque', 2, '60m']);
    expect(row('configmaps', { data: { a: '' }, binaryData: { b: '' } })).toEqual(['a', 2, '60m']);
    expect(row('configmaps', {})).toEqual(['a', 0, '60m']);
  });

  it('shows an Event by what it has', () => {
    const seen = '2026-11-21T06:59:00.000000Z';
    const involvedObject = { kind: 'Task', name: 'Big' };
    expect(
      row('events', { involvedObject, type: 'Normal', reason: 'R', message: ' m\n', eventTime: seen }),
      'the newer API sets eventTime only',
    ).toEqual(['60s', 'Normal', 'R', 'task/Big', '', '', 'm', '60s', 1, 'a']);
    expect(
      row('events', {
        involvedObject: { kind: 'Task' },
        count: 3,
        lastTimestamp: seen,
        source: { component: 'c', host: 'h' },
      }),
      'an old one',
    ).toEqual(['60s', '', '', 'task', '', 'c, h', '', '<unknown>', 3, 'a']);
    expect(
      row(
        'events',
        { regarding: involvedObject, note: 'n', series: { count: 5, lastObservedTime: seen } },
        'events.k8s.io',
      ),
      'a series',
    ).toEqual(['60s', '', '', 'task/Big', '', '', 'n', '<unknown>', 5, 'a']);
  });

  it('shows when a CustomResourceDefinition was made', () => {
    expect(row('customresourcedefinitions', {}, 'apiextensions.k8s.io')).toEqual([
      'a',
      '2026-11-21T06:00:00Z',
    ]);
  });
});
