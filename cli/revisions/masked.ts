import { deepEqual } from '#api/machinery/json/deep-equal';
import { isJsonObject } from '#api/machinery/json/json';
import type { JsonObject } from '#api/machinery/json/json';
import type { Unstructured } from '#api/machinery/meta';
import { credentialFieldsOf } from '#api/types/credentials/credential-fields';
import type { ApiResource } from '../api-resource.ts';

/** An object before and after a change. */
export interface ObjectChange {
  resource: ApiResource;
  before: Unstructured | undefined;
  after: Unstructured;
}

/**
 * Both without credentials. The server shows them to those who may see them, but a diff goes to logs and reviews. As with
 * kubectl diff one sees which differ.
 */
export function maskedChange({ resource, before, after }: ObjectChange): ObjectChange {
  const { plural, group } = resource;
  const change = group === '' && plural === 'secrets' ? changeSecret : changeFields(`${plural}.${group}`);
  if (change === undefined) return { resource, before, after };
  const [old, now] = [before && valuesOf(before, change), valuesOf(after, change)];
  return {
    resource,
    before: before && change(before, hide(now, 'before')),
    after: change(after, hide(old, 'after')),
  };
}

/** Gets a value and where it is; gives the text in its place. */
type Replace = (place: string, value: unknown) => string;
type Change = (object: Unstructured, replace: Replace) => Unstructured;

const hide =
  (others: ReadonlyMap<string, unknown> | undefined, word: string): Replace =>
  (place, value) =>
    others?.has(place) === true && !deepEqual(others.get(place), value) ? `*** (${word})` : '***';

function valuesOf(object: Unstructured, change: Change): Map<string, unknown> {
  const values = new Map<string, unknown>();
  change(object, (place, value) => {
    values.set(place, value);
    return '';
  });
  return values;
}

function changeFields(resource: string): Change | undefined {
  const fields = credentialFieldsOf(resource);
  if (fields === undefined) return undefined;
  return (object, replace) => {
    const json = object as unknown as JsonObject;
    return fields(json, ({ place, value }) => replace(place, value)) as unknown as Unstructured;
  };
}

const changeSecret: Change = (object, replace) => {
  const data = isJsonObject(object['data']) ? object['data'] : {};
  const masked = Object.entries(data).map(([key, value]) => [key, replace(key, value)]);
  return { ...object, data: Object.fromEntries(masked) as JsonObject };
};
