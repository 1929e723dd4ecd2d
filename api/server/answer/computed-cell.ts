import { formatAgeOf } from '../../machinery/duration.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { formatJsonPathValue } from '../../machinery/json/json-path-template.ts';
import { parseJsonPath } from '../../machinery/json/json-path.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { Resource } from '../../registry/resource.ts';
import { podCell } from './pod-cell.ts';

/** Cells of built-in kinds that take more than a path (kubernetes pkg/printers/internalversion/printers.go). */

type ComputedCell = NonNullable<Resource['printerColumns'][number]['computed']>;
type Cell = (object: Unstructured, now: number) => unknown;

export function compileComputedCell(computed: ComputedCell): Cell {
  if ('pod' in computed) return podCell(computed.pod);
  if ('quota' in computed) return quotaCell(computed.quota === 'limits');
  if ('count' in computed) return countCell(computed.count);
  if ('age' in computed) return ageCell(computed.age);
  if ('integer' in computed) {
    const find = firstOf(computed.integer);
    return (object) => find(object) ?? computed.default;
  }
  if ('subjects' in computed) return subjectsCell(computed.subjects);
  const pieces = computed.text.map(({ firstOf: paths, lowerCase }) => textOf(paths, lowerCase === true));
  return (object) =>
    pieces
      .map((piece) => piece(object))
      .filter((text) => text !== '')
      .join(computed.separator ?? '');
}

function countCell(paths: string[]): Cell {
  const parsed = paths.map(parseJsonPath);
  return (object) => {
    let count = 0;
    for (const path of parsed) count += Object.keys(path.find(object)[0] ?? {}).length;
    return count;
  };
}

/** printResourceQuota. */
function quotaCell(isOfLimits: boolean): Cell {
  return ({ status }) => {
    const { hard, used } = fieldsOf(status);
    return Object.entries(fieldsOf(hard))
      .filter(([name]) => name.startsWith('limits.') === isOfLimits)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, most]) => `${name}: ${String(fieldsOf(used)[name] ?? 0)}/${String(most)}`)
      .join(', ');
  };
}

/** SubjectsStrings of kubernetes pkg/apis/rbac/helpers.go. */
function subjectsCell(kind: string): Cell {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return ({ subjects }) => {
    const all = (Array.isArray(subjects) ? subjects : []).map(fieldsOf);
    return all
      .filter((subject) => subject['kind'] === kind)
      .map(({ namespace, name }) => (kind === 'ServiceAccount' ? `${text(namespace)}/` : '') + text(name))
      .join(', ');
  };
}

function ageCell(paths: string[]): Cell {
  const find = firstOf(paths);
  return (object, now) => {
    const time = find(object);
    return typeof time === 'string' ? formatAgeOf(time, now) : '<unknown>';
  };
}

function textOf(paths: string[], lowerCase: boolean): (object: Unstructured) => string {
  const find = firstOf(paths);
  return (object) => {
    const value = find(object);
    const text = value === undefined ? '' : formatJsonPathValue(value).trim();
    return lowerCase ? text.toLowerCase() : text;
  };
}

/** The value at the first path that has one; the zero values of Go count as none. */
function firstOf(paths: string[]): (object: Unstructured) => unknown {
  const parsed = paths.map(parseJsonPath);
  return (object) => {
    for (const path of parsed) {
      const [value] = path.find(object);
      if (value !== undefined && value !== null && value !== '' && value !== 0) return value;
    }
    return undefined;
  };
}
