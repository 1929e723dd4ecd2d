import type { Unstructured } from '#api/machinery/meta';
import { LAST_APPLIED } from './apply-object.ts';
import { labelsText } from './table.ts';

/** Columns of the values of the first level, as kubectl sets them. */
const INDENT = 2;

/** Lines `Name:   value`, values in line. */
export function fieldLines(fields: readonly (readonly [string, string])[]): string {
  const width = Math.max(13, ...fields.map(([name]) => name.length + 2));
  return fields.map(([name, value]) => `${`${name}:`.padEnd(width)}${value}`.trimEnd() + '\n').join('');
}

/** Everything about an object but its conditions and events. */
export function describeFields(object: Unstructured): string {
  const { metadata } = object;
  const { conditions: _, ...status } = (object['status'] ?? {}) as Record<string, unknown>;
  const head: [string, string][] = [
    ['Name', metadata.name],
    ...(metadata.namespace === undefined ? [] : ([['Namespace', metadata.namespace]] as [string, string][])),
    ['Labels', labelsText(metadata.labels)],
    ['Annotations', labelsText(withoutLastApplied(metadata.annotations))],
    ['API Version', object.apiVersion],
    ['Kind', object.kind],
    ['Created', metadata.creationTimestamp ?? '<unset>'],
    ...(metadata.deletionTimestamp === undefined
      ? []
      : ([['Deleting', `since ${metadata.deletionTimestamp}`]] as [string, string][])),
    ...(metadata.ownerReferences ?? []).map(({ kind, name }): [string, string] => [
      'Controlled By',
      `${kind}/${name}`,
    ]),
  ];
  const own = Object.entries(object).filter(
    ([key]) => !['apiVersion', 'kind', 'metadata', 'status'].includes(key),
  );
  const sections = [...own, ...(Object.keys(status).length === 0 ? [] : [['status', status] as const])];
  return fieldLines(head) + sections.map(([key, value]) => valueLines(key, value, 0)).join('');
}

function withoutLastApplied(annotations: Record<string, string> = {}): Record<string, string> {
  const { [LAST_APPLIED]: _, ...rest } = annotations;
  return rest;
}

function valueLines(name: string, value: unknown, depth: number): string {
  const pad = ' '.repeat(INDENT * depth);
  const label = `${pad}${title(name)}:`;
  if (Array.isArray(value)) {
    return value.length === 0
      ? `${label}  <none>\n`
      : `${label}\n${value.map((item) => itemLines(item, depth + 1)).join('')}`;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    return entries.length === 0
      ? `${label}  <none>\n`
      : `${label}\n${entries.map(([key, part]) => valueLines(key, part, depth + 1)).join('')}`;
  }
  const text = String(value);
  if (!text.includes('\n')) return `${label}  ${text}\n`;
  const inner = ' '.repeat(INDENT * (depth + 1));
  return `${label}\n${text
    .trimEnd()
    .split('\n')
    .map((line) => `${inner}${line}`.trimEnd() + '\n')
    .join('')}`;
}

function itemLines(item: unknown, depth: number): string {
  const pad = ' '.repeat(INDENT * depth);
  if (typeof item !== 'object' || item === null) return `${pad}${String(item)}\n`;
  const lines = Object.entries(item)
    .map(([key, part]) => valueLines(key, part, depth + 1))
    .join('');
  return `${pad}-${lines.slice(pad.length + 1)}`;
}

/** `collaborationModel` -> `Collaboration Model`. Keys that are not words (label keys, paths) stay as they are. */
function title(name: string): string {
  if (!/^[a-z][a-zA-Z]*$/.test(name)) return name;
  const spaced = name.replaceAll(/([a-z])([A-Z])/g, '$1 $2');
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
