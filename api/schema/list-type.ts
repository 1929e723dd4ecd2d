import { duplicateValue } from './field-error.ts';
import { isJsonObject } from './structural-schema.ts';
import type { StructuralSchema } from './structural-schema.ts';
import type { Check } from './value-checks.ts';

/**
 * x-kubernetes-list-type set and map: no item twice (apiextensions-apiserver pkg/apiserver/schema/listtype).
 * The second of two equals is the one reported.
 */
export function listTypeCheck(schema: StructuralSchema): Check<unknown[]> | undefined {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return uniqueBy((item) => item);
    case 'map': {
      const keys = schema['x-kubernetes-list-map-keys'] ?? [];
      return uniqueBy((item) => keysOf(item, keys, schema.items));
    }
    default:
      return schema.uniqueItems === true ? uniqueBy((item) => item) : undefined;
  }
}

function uniqueBy(identify: (item: unknown) => unknown): Check<unknown[]> {
  return (items, findings) => {
    const seen = new Set<string>();
    for (const [index, item] of items.entries()) {
      const identity = identify(item);
      const text = canonicalText(identity);
      if (seen.has(text)) {
        findings.at.push(index);
        findings.add((field) => duplicateValue(field, identity));
        findings.at.pop();
      }
      seen.add(text);
    }
  };
}

/** The same text for equal values, whatever the order of their keys. */
function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  if (!isJsonObject(value))
    return typeof value === 'bigint' ? value.toString() : (JSON.stringify(value) ?? 'null');
  const fields = Object.keys(value).sort();
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonicalText(value[name])}`).join()}}`;
}

function keysOf(item: unknown, keys: string[], schema: StructuralSchema | undefined): unknown {
  if (!isJsonObject(item)) return item;
  const entries = keys.map((key) => [key, item[key] ?? schema?.properties?.[key]?.default ?? null]);
  return Object.fromEntries(entries) as unknown;
}
