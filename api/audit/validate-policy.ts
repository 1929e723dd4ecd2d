import { isJsonObject } from '../machinery/json/json.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import { LEVELS, STAGES } from './event.ts';

/** Fields of a rule that are lists of texts. */
const LISTS = ['users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs', 'omitStages'];
const RULE_FIELDS = new Set([...LISTS, 'level', 'resources', 'omitManagedFields']);
const POLICY_FIELDS = new Set(['apiVersion', 'kind', 'metadata', 'rules', 'omitStages', 'omitManagedFields']);
const RESOURCE_LISTS = ['resources', 'resourceNames'];
const RESOURCE_FIELDS = new Set([...RESOURCE_LISTS, 'group']);

/**
 * Lists the faults of a policy in the words of apiserver pkg/apis/audit/validation. Fields that are not known are
 * errors, too: a rule without the field that was meant would match too much.
 */
export function validatePolicy(policy: JsonObject): string[] {
  const { rules = [], omitStages } = policy;
  const errors = [...unknownFields(policy, POLICY_FIELDS, ''), ...notTexts(omitStages, 'omitStages')];
  if (!Array.isArray(rules)) return [...errors, 'rules: Invalid value: must be a list'];
  errors.push(...validateStages(omitStages, 'omitStages'));
  return [...errors, ...rules.flatMap((rule: unknown, index) => validateRule(rule, `rules[${index}]`))];
}

function validateRule(rule: unknown, path: string): string[] {
  if (!isJsonObject(rule)) return [`${path}: Invalid value: must be an object`];
  const shape = [
    ...unknownFields(rule, RULE_FIELDS, `${path}.`),
    ...LISTS.flatMap((name) => notTexts(rule[name], `${path}.${name}`)),
    ...notBoolean(rule['omitManagedFields'], `${path}.omitManagedFields`),
  ];
  if (shape.length > 0) return shape;
  const urls = texts(rule['nonResourceURLs']);
  const errors = [
    ...validateLevel(rule['level'], `${path}.level`),
    ...urls.flatMap((url, index) => validateURL(url, `${path}.nonResourceURLs[${index}]`)),
    ...validateResources(rule['resources'], `${path}.resources`),
    ...validateStages(rule['omitStages'], `${path}.omitStages`),
  ];
  const isForResources = length(rule['resources']) > 0 || length(rule['namespaces']) > 0;
  if (urls.length > 0 && isForResources) {
    const why = 'rules cannot apply to both regular resources and non-resource URLs';
    errors.push(`${path}.nonResourceURLs: Invalid value: ${JSON.stringify(urls)}: ${why}`);
  }
  return errors;
}

function validateLevel(level: unknown, path: string): string[] {
  if (level === undefined || level === '') return [`${path}: Required value`];
  if (LEVELS.some((known) => known === level)) return [];
  const supported = LEVELS.map((known) => JSON.stringify(known)).join(', ');
  return [`${path}: Unsupported value: ${JSON.stringify(level)}: supported values: ${supported}`];
}

function validateURL(url: string, path: string): string[] {
  if (url === '*') return [];
  const invalid = (why: string): string => `${path}: Invalid value: ${JSON.stringify(url)}: ${why}`;
  return [
    ...(url.startsWith('/') ? [] : [invalid("non-resource URL rules must begin with a '/' character")]),
    ...(url.slice(0, -1).includes('*')
      ? [invalid("non-resource URL wildcards '*' must be the final character of the rule")]
      : []),
  ];
}

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NOT_A_SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function validateResources(resources: unknown, path: string): string[] {
  if (resources === undefined) return [];
  if (!Array.isArray(resources)) return [`${path}: Invalid value: must be a list`];
  return resources.flatMap((entry: unknown) => {
    if (!isJsonObject(entry)) return [`${path}: Invalid value: must be an object`];
    const shape = [
      ...unknownFields(entry, RESOURCE_FIELDS, `${path}.`),
      ...RESOURCE_LISTS.flatMap((name) => notTexts(entry[name], `${path}.${name}`)),
    ];
    if (shape.length > 0) return shape;
    const { group = '' } = entry;
    const errors: string[] = [];
    if (group !== '' && !(typeof group === 'string' && group.length <= 253 && SUBDOMAIN.test(group))) {
      errors.push(`${path}.group: Invalid value: ${JSON.stringify(group)}: ${NOT_A_SUBDOMAIN}`);
    }
    if (length(entry['resourceNames']) > 0 && length(entry['resources']) === 0) {
      const names = JSON.stringify(entry['resourceNames']);
      errors.push(
        `${path}.resourceNames: Invalid value: ${names}: using resourceNames requires at least one resource`,
      );
    }
    return errors;
  });
}

function validateStages(stages: unknown, path: string): string[] {
  return texts(stages).flatMap((stage, index) =>
    STAGES.some((known) => known === stage)
      ? []
      : [
          `${path}[${index}]: Invalid value: ${JSON.stringify(stage)}: allowed stages are ${STAGES.join(',')}`,
        ],
  );
}

const unknownFields = (value: JsonObject, known: ReadonlySet<string>, path: string): string[] =>
  Object.keys(value)
    .filter((name) => !known.has(name))
    .map((name) => `${path}${name}: Invalid value: unknown field`);

const notTexts = (value: unknown, path: string): string[] =>
  value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'string'))
    ? []
    : [`${path}: Invalid value: must be a list of strings`];

const notBoolean = (value: unknown, path: string): string[] =>
  value === undefined || typeof value === 'boolean' ? [] : [`${path}: Invalid value: must be a boolean`];

const texts = (value: unknown): string[] => (Array.isArray(value) ? (value as string[]) : []);
const length = (value: unknown): number => (Array.isArray(value) ? value.length : 0);
