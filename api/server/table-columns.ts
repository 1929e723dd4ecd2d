import { formatAgeOf } from '../machinery/duration.ts';
import { formatJsonPathValue, parseJsonPathTemplate } from '../machinery/json-path-template.ts';
import { parseJsonPath } from '../machinery/json-path.ts';
import type { Unstructured } from '../machinery/meta.ts';
import type { Resource } from '../registry/resource.ts';
import { compileComputedCell } from './computed-cell.ts';

/** Columns of server-side Tables (apiextensions-apiserver tableconvertor). */

type PrinterColumn = Resource['printerColumns'][number];

export interface ColumnDefinition {
  name: string;
  type: string;
  format: string;
  description: string;
  priority: number;
}

export interface TableColumns {
  readonly definitions: readonly ColumnDefinition[];
  /** One cell per column; null where the object has no such value. `now` in milliseconds. */
  cells(object: Unstructured, now: number): unknown[];
}

type Cell = (object: Unstructured, now: number) => unknown;

const NAME: ColumnDefinition = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically.',
  priority: 0,
};

const compiled = new WeakMap<Resource, TableColumns>();

export function tableColumns(resource: Resource): TableColumns {
  let columns = compiled.get(resource);
  if (columns === undefined) {
    columns = compileColumns(resource.printerColumns);
    compiled.set(resource, columns);
  }
  return columns;
}

function compileColumns(columns: readonly PrinterColumn[]): TableColumns {
  const readers = columns.map(compileCell);
  const definitions = columns.map(describeColumn);
  // Events have their name among their columns, last: it says nothing.
  if (columns.some(({ name }) => name === NAME.name)) {
    return { definitions, cells: (object, now) => readers.map((read) => read(object, now)) };
  }
  return {
    definitions: [NAME, ...definitions],
    cells: (object, now) => [object.metadata.name, ...readers.map((read) => read(object, now))],
  };
}

function describeColumn({ name, type, format, description, priority }: PrinterColumn): ColumnDefinition {
  return { name, type, format: format ?? '', description: description ?? '', priority };
}

function compileCell({ jsonPath, type, computed }: PrinterColumn): Cell {
  if (computed !== undefined) return compileComputedCell(computed);
  if (jsonPath.startsWith('{')) {
    const template = parseJsonPathTemplate(jsonPath);
    return (object) => template.render(object);
  }
  const path = parseJsonPath(jsonPath);
  return (object, now) => {
    const values = path.find(object);
    const [first] = values;
    if (first === undefined || first === null) return null;
    if (type === 'string') return values.map(formatJsonPathValue).join(' ');
    if (type === 'date') return typeof first === 'string' ? formatAgeOf(first, now) : '<invalid>';
    if (type === 'boolean') return typeof first === 'boolean' ? first : null;
    if (typeof first !== 'number') return null;
    return type === 'integer' ? Math.trunc(first) : first;
  };
}
