import { stringify } from 'yaml';
import { parseJsonPathTemplate } from '#api/machinery/json/json-path-template';
import { describeError } from '#api/machinery/logger';
import type { KubeObject } from '#api/machinery/meta';
import { CliError } from './error-text.ts';

/** What `-o` asks for. */
export type OutputFormat =
  | { kind: 'table'; wide: boolean }
  | { kind: 'yaml' }
  | { kind: 'json' }
  | { kind: 'name' }
  | { kind: 'jsonpath'; render: (root: unknown) => string };

/** @throws CliError for a format we do not have */
export function parseOutputFormat(text: string | undefined): OutputFormat {
  if (text === undefined || text === '') return { kind: 'table', wide: false };
  if (text === 'wide') return { kind: 'table', wide: true };
  if (text === 'yaml' || text === 'json' || text === 'name') return { kind: text };
  const template = /^jsonpath=(.*)$/s.exec(text)?.[1];
  if (template === undefined) {
    throw new CliError(
      `unable to match a printer suitable for the output format ${JSON.stringify(text)}, allowed formats are: json,jsonpath=TEMPLATE,name,wide,yaml`,
    );
  }
  try {
    const parsed = parseJsonPathTemplate(template.includes('{') ? template : `{${template}}`);
    return { kind: 'jsonpath', render: (root) => parsed.render(root) };
  } catch (error) {
    throw new CliError(describeError(error), { cause: error });
  }
}

/** Without what only servers care for; kubectl hides it too. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields, ...metadata } = object.metadata;
  return managedFields === undefined ? object : { ...object, metadata };
}

/**
 * YAML as kubectl prints it: sorted keys, lists not indented, nothing folded. kubectl reads YAML 1.1, where `yes` and
 * `on` are booleans: such texts are quoted.
 */
export function toYaml(value: unknown): string {
  return stringify(value, {
    sortMapEntries: true,
    indentSeq: false,
    lineWidth: 0,
    compat: 'yaml-1.1',
    aliasDuplicateObjects: false,
  });
}

/** Several objects as one List, as kubectl prints them. */
export function listText(
  items: readonly KubeObject[],
  format: Exclude<OutputFormat, { kind: 'name' } | { kind: 'table' }>,
): string {
  const list = { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items };
  if (format.kind === 'jsonpath') return format.render(list);
  return format.kind === 'yaml' ? toYaml(list) : toJson(list);
}

/** JSON as kubectl prints it: four blanks, sorted keys. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(sortKeys(value), undefined, 4)}\n`;
}

/** A copy with the keys of each mapping in order. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sortKeys(part)]));
}
