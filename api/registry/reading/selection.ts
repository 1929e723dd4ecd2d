import { parseFieldSelector } from '../../machinery/selectors/field-selector.ts';
import type { FieldRequirement } from '../../machinery/selectors/field-selector.ts';
import { formatJsonPathValue } from '../../machinery/json/json-path-template.ts';
import { parseJsonPath } from '../../machinery/json/json-path.ts';
import { parseLabelSelector } from '../../machinery/selectors/label-selector.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { badRequest } from '../../machinery/status-error.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { StoredObject } from '../../storage/contract/objects.ts';
import { coreEventField } from './event-view.ts';
import { presented } from './presented.ts';
import type { CollectionQuery } from '../requests.ts';
import { storageResource } from '../resource.ts';
import type { Resource } from '../resource.ts';

export type Test = (stored: StoredObject) => boolean;

/** What a label and a field selector ask for. */
export interface Selection {
  /** Where the store has to look: '' is all namespaces. */
  namespace: string;
  /** The only name asked for: found by its key. */
  name?: string;
  /** Undefined when everything there is asked for. Parses nothing of objects that the key alone rules out. */
  test: Test | undefined;
  /** Some selector was given: how many objects remain is not told then. */
  selects: boolean;
}

/** @throws StatusError BadRequest for a syntax error or a field nobody may select by */
export function parseSelection(query: CollectionQuery): Selection {
  const { resource, labelSelector = '', fieldSelector = '' } = query;
  const fields = parseFieldSelector(fieldSelector);
  const name = fields.find((one) => one.field === 'metadata.name' && one.operator === '=')?.value;
  const namespace = fields.find((one) => one.field === 'metadata.namespace' && one.operator === '=')?.value;
  const tests = fields.map((requirement) => fieldTest(resource, requirement));
  if (labelSelector !== '') {
    const selector = parseLabelSelector(labelSelector);
    tests.push(({ object }) => selector.matches(object.metadata.labels));
  }
  return {
    // A namespace that contradicts the URL finds nothing: the tests see to it.
    namespace: query.namespace === '' ? (namespace ?? '') : query.namespace,
    ...(name === undefined ? {} : { name }),
    test: tests.length === 0 ? undefined : (stored) => tests.every((test) => test(stored)),
    selects: tests.length > 0,
  };
}

function fieldTest(resource: Resource, { field, operator, value }: FieldRequirement): Test {
  const read = fieldReader(resource, field);
  return operator === '=' ? (stored) => read(stored) === value : (stored) => read(stored) !== value;
}

function fieldReader(resource: Resource, field: string): (stored: StoredObject) => string {
  if (field === 'metadata.name') return ({ key }) => key.name;
  const isPlain = resource.builtIn && resource.selectableFields.length === 0;
  if (field === 'metadata.namespace' && (isPlain || resource.scope === 'Namespaced')) {
    return ({ key }) => key.namespace;
  }
  if (!resource.selectableFields.includes(`.${field}`)) throw notSelectable(field, isPlain);
  if (storageResource(resource) === 'events') return eventReader(field);
  const path = parseJsonPath(field);
  return (stored) => formatJsonPathValue(path.find(presented(resource, stored).object)[0]);
}

/** `isPlain`: a kind of Kubernetes that brings no fields of its own (apimachinery pkg/runtime/converter.go). */
function notSelectable(field: string, isPlain: boolean): StatusError {
  if (!isPlain) return badRequest(`field label not supported: ${field}`);
  const known = 'only "metadata.name", "metadata.namespace"';
  return badRequest(`${JSON.stringify(field)} is not a known field selector: ${known}`);
}

/** Events are read as they are stored, whichever of their two kinds is asked for. */
function eventReader(field: string): (stored: StoredObject) => string {
  if (field === 'source') return ({ object }) => eventSource(object);
  const path = parseJsonPath(coreEventField(field));
  return ({ object }) => formatJsonPathValue(path.find(object)[0]);
}

/** Its component, or who reported it (kubernetes pkg/registry/core/event/strategy.go). */
function eventSource(event: Unstructured): string {
  const source = event['source'] as { component?: unknown } | null | undefined;
  const component = formatJsonPathValue(source?.component);
  return component === '' ? formatJsonPathValue(event['reportingComponent']) : component;
}
