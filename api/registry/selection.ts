import { parseFieldSelector, type FieldRequirement } from '../machinery/field-selector.ts';
import { formatJsonPathValue } from '../machinery/json-path-template.ts';
import { parseJsonPath } from '../machinery/json-path.ts';
import { parseLabelSelector } from '../machinery/label-selector.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { badRequest } from '../machinery/status-error.ts';
import type { CollectionQuery } from './requests.ts';
import type { Resource } from './resource.ts';

export type Selection = (object: Unstructured) => boolean;

/** Undefined selects everything. @throws StatusError BadRequest for a syntax error or a field nobody may select by */
export function parseSelection(query: CollectionQuery): Selection | undefined {
  const tests: Selection[] = [];
  if (query.labelSelector !== undefined && query.labelSelector !== '') {
    const selector = parseLabelSelector(query.labelSelector);
    tests.push((object) => selector.matches(object.metadata.labels));
  }
  for (const requirement of parseFieldSelector(query.fieldSelector ?? '')) {
    tests.push(fieldTest(query.resource, requirement));
  }
  return tests.length === 0 ? undefined : (object) => tests.every((test) => test(object));
}

function fieldTest(resource: Resource, { field, operator, value }: FieldRequirement): Selection {
  const read = fieldReader(resource, field);
  return operator === '=' ? (object) => read(object) === value : (object) => read(object) !== value;
}

function fieldReader(resource: Resource, field: string): (object: Unstructured) => string {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace') return (object) => object.metadata.namespace ?? '';
  if (!resource.selectableFields.includes(`.${field}`)) {
    throw badRequest(`field label not supported: ${field}`);
  }
  // `source` of an Event means its component (core/v1 conversion.go).
  const path = parseJsonPath(resource.kind === 'Event' && field === 'source' ? '.source.component' : field);
  return (object) => formatJsonPathValue(path.find(object)[0]);
}
