import { formatAgeOf } from '../../machinery/duration.ts';
import { formatJsonPathValue, parseJsonPathTemplate } from '../../machinery/json/json-path-template.ts';
import { parseJsonPath } from '../../machinery/json/json-path.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { Resource } from '../../registry/resource.ts';
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

/** What has columns: a kind, or its Scale. */
export type Columns = Pick<Resource, 'printerColumns'> & { builtIn?: boolean };

/** As kubernetes pkg/printers/internalversion/printers.go has them. */
export const SCALE_COLUMNS: Columns = {
  builtIn: true,
  printerColumns: [
    { name: 'Desired', type: 'integer', jsonPath: '.spec.replicas', priority: 0 },
    { name: 'Available', type: 'integer', jsonPath: '.status.replicas', priority: 0 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', priority: 0 },
  ],
};

const compiled = new WeakMap<Columns, TableColumns>();

export function tableColumns(resource: Columns): TableColumns {
  let columns = compiled.get(resource);
  if (columns === undefined) {
    columns = compileColumns(resource.printerColumns, resource.builtIn === true);
    compiled.set(resource, columns);
  }
  return columns;
}

function compileColumns(columns: readonly PrinterColumn[], builtIn: boolean): TableColumns {
  const readers = columns.map(compileCell);
  const definitions = columns.map((column) => describeColumn(column, builtIn));
  // Events have their name among their columns, last: it says nothing.
  if (columns.some(({ name }) => name === NAME.name)) {
    return { definitions, cells: (object, now) => readers.map((read) => read(object, now)) };
  }
  return {
    definitions: [NAME, ...definitions],
    cells: (object, now) => [object.metadata.name, ...readers.map((read) => read(object, now))],
  };
}

function describeColumn(column: PrinterColumn, builtIn: boolean): ColumnDefinition {
  const { name, type, format = '', description = '', jsonPath, priority } = column;
  const source = builtIn ? '' : `Custom resource definition column (in JSONPath format): ${jsonPath}`;
  return { name, type, format, description: description === '' ? source : description, priority };
}

/** Only times as Kubernetes writes them have an age. */
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)$/i;
const ageOf = (time: string, now: number): string =>
  RFC3339.test(time) ? formatAgeOf(time, now) : '<invalid>';

function compileCell({ jsonPath, type, computed }: PrinterColumn): Cell {
  if (computed !== undefined) return compileComputedCell(computed);
  if (jsonPath.startsWith('{')) {
    const template = parseJsonPathTemplate(jsonPath);
    return (object) => template.render(object);
  }
  const path = parseJsonPath(jsonPath);
  return (object, now) => {
    // The first of several values stands for all of them.
    const [value] = path.find(object);
    if (value === undefined || value === null) return null;
    if (type === 'string') return formatJsonPathValue(value);
    if (type === 'date') return typeof value === 'string' ? ageOf(value, now) : '<invalid>';
    if (type === 'boolean') return typeof value === 'boolean' ? value : null;
    if (typeof value === 'bigint') return type === 'integer' ? value : Number(value);
    if (typeof value !== 'number') return null;
    return type === 'integer' ? Math.trunc(value) : value;
  };
}
