import type { ObjectMeta } from '../machinery/meta.ts';
import { dnsLabel1035Problems } from '../machinery/object-name.ts';
import { invalidValue, requiredValue } from '../structural-schema/field-error.ts';
import type { Findings } from './findings.ts';
import type { TreeCheck } from './list-type.ts';
import { coerceObjectMeta, validateObjectMeta } from './object-meta.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

/**
 * x-kubernetes-embedded-resource: apiVersion, kind and metadata of objects within the object
 * (apiextensions-apiserver pkg/apiserver/schema/objectmeta/validation.go). Undefined when the schema has none.
 */
export function compileEmbeddedResources(schema: StructuralSchema): TreeCheck | undefined {
  const known = new Map<string, TreeCheck>();
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const check = compileEmbeddedResources(child);
    if (check !== undefined) known.set(name, check);
  }
  const { additionalProperties, items } = schema;
  const other =
    typeof additionalProperties === 'object' ? compileEmbeddedResources(additionalProperties) : undefined;
  const ofItem = items === undefined ? undefined : compileEmbeddedResources(items);
  const itself = schema['x-kubernetes-embedded-resource'] === true;
  if (!itself && known.size === 0 && other === undefined && ofItem === undefined) return undefined;
  const properties = new Set(Object.keys(schema.properties ?? {}));
  return (value, findings) => {
    if (isJsonObject(value)) {
      if (itself) checkResource(value, findings);
      for (const [name, one] of Object.entries(value)) {
        const isKnown = properties.has(name);
        const check = isKnown ? known.get(name) : other;
        if (check !== undefined) inside(findings, isKnown ? name : { key: name }, () => check(one, findings));
      }
    } else if (Array.isArray(value) && ofItem !== undefined)
      for (const [index, item] of value.entries()) inside(findings, index, () => ofItem(item, findings));
  };
}

function inside(findings: Findings, step: Findings['at'][number], check: () => void): void {
  findings.at.push(step);
  check();
  findings.at.pop();
}

function checkResource(object: JsonObject, findings: Findings): void {
  for (const [name, problem] of [
    ['apiVersion', apiVersionProblem],
    ['kind', kindProblem],
  ] as const)
    inside(findings, name, () => {
      const value = Object.hasOwn(object, name) ? object[name] : undefined;
      if (value === undefined) return findings.add((field) => requiredValue(field));
      const text = typeof value === 'string' ? problem(value) : 'must be a string';
      if (text !== undefined) findings.add((field) => invalidValue(field, value, text));
    });
  if (Object.hasOwn(object, 'metadata'))
    inside(findings, 'metadata', () => checkMeta(object['metadata'], findings));
}

function apiVersionProblem(apiVersion: string): string | undefined {
  if (apiVersion === '') return 'must not be empty';
  return apiVersion.split('/').length > 2 ? `unexpected GroupVersion string: ${apiVersion}` : undefined;
}

function kindProblem(kind: string): string | undefined {
  if (kind === '') return 'must not be empty';
  const problems = dnsLabel1035Problems(kind.toLowerCase());
  if (problems.length === 0) return undefined;
  return `may have mixed case, but should otherwise match: ${problems.join()}`;
}

/** Names of embedded objects may be anything that fits into a URL, and may be missing. */
function checkMeta(value: unknown, findings: Findings): void {
  const { metadata, causes } = coerceObjectMeta(value);
  const meta: ObjectMeta = metadata.name === '' ? { ...metadata, name: 'fakename' } : metadata;
  const scope = meta.namespace === undefined || meta.namespace === '' ? 'Cluster' : 'Namespaced';
  const found = causes.length > 0 ? causes : validateObjectMeta(meta, { nameRule: 'path-segment', scope });
  for (const cause of found)
    findings.add((field) => ({ ...cause, field: (cause.field ?? '').replace(/^metadata/, field) }));
}
