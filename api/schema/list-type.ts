import { duplicateValue, invalidValue } from '../structural-schema/field-error.ts';
import type { Findings } from './findings.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

/** Adds what is wrong below the place where it is asked. */
export type TreeCheck = (value: unknown, findings: Findings) => void;

/**
 * x-kubernetes-list-type set and map: no item twice (apiextensions-apiserver pkg/apiserver/schema/listtype). Of equal
 * items the second is reported, and no other. Undefined when there is no such list in the schema.
 */
export function compileListTypes(schema: StructuralSchema): TreeCheck | undefined {
  const ofItems = compileItems(schema);
  const ofFields = compileFields(schema);
  if (ofItems === undefined && ofFields === undefined) return undefined;
  return (value, findings) => {
    if (Array.isArray(value)) ofItems?.(value, findings);
    else if (isJsonObject(value)) ofFields?.(value, findings);
  };
}

type ItemsCheck = (items: unknown[], findings: Findings) => void;

function compileItems(schema: StructuralSchema): ItemsCheck | undefined {
  const own = ownCheck(schema);
  const below = schema.items === undefined ? undefined : compileListTypes(schema.items);
  if (own === undefined && below === undefined) return undefined;
  return (items, findings) => {
    own?.(items, findings);
    if (below === undefined) return;
    for (const [index, item] of items.entries()) inside(findings, index, () => below(item, findings));
  };
}

function compileFields(
  schema: StructuralSchema,
): ((object: JsonObject, findings: Findings) => void) | undefined {
  const { additionalProperties } = schema;
  const known: [string, TreeCheck][] = [];
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const check = compileListTypes(child);
    if (check !== undefined) known.push([name, check]);
  }
  const other = typeof additionalProperties === 'object' ? compileListTypes(additionalProperties) : undefined;
  if (known.length === 0 && other === undefined) return undefined;
  return (object, findings) => {
    // Keys of maps stand in brackets here, other than in what kube-openapi finds.
    if (other !== undefined)
      for (const [name, value] of Object.entries(object))
        inside(findings, { key: name }, () => other(value, findings));
    for (const [name, check] of known)
      if (Object.hasOwn(object, name)) inside(findings, name, () => check(object[name], findings));
  };
}

function inside(findings: Findings, step: Findings['at'][number], check: () => void): void {
  findings.at.push(step);
  check();
  findings.at.pop();
}

function ownCheck(schema: StructuralSchema): ItemsCheck | undefined {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return (items, findings) => reportDuplicates(items, findings);
    case 'map': {
      const keys = schema['x-kubernetes-list-map-keys'] ?? [];
      return (items, findings) => checkMapList(items, keys, findings);
    }
    default:
      return undefined;
  }
}

function checkMapList(items: unknown[], keys: string[], findings: Findings): void {
  const odd = items.findIndex((item) => item !== null && !isJsonObject(item));
  if (odd < 0)
    return reportDuplicates(
      items.map((item) => keysOf(item, keys)),
      findings,
    );
  inside(findings, odd, () =>
    findings.add((field) =>
      invalidValue(field, items[odd], 'must be an object for an array of list-type map'),
    ),
  );
}

function keysOf(item: unknown, keys: string[]): JsonObject {
  if (!isJsonObject(item)) return {};
  const present = keys.filter((key) => Object.hasOwn(item, key));
  return Object.fromEntries(present.map((key) => [key, item[key]]));
}

function reportDuplicates(items: unknown[], findings: Findings): void {
  const times = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const text = canonicalText(item);
    const before = times.get(text) ?? 0;
    times.set(text, before + 1);
    if (before === 1) inside(findings, index, () => findings.add((field) => duplicateValue(field, item)));
  }
}

/** The same text for equal values, whatever the order of their keys. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  if (!isJsonObject(value))
    return typeof value === 'bigint' ? value.toString() : (JSON.stringify(value) ?? 'null');
  const fields = Object.keys(value).sort();
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonicalText(value[name])}`).join()}}`;
}
