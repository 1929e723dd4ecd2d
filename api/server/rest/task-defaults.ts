import { fieldsOf, isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import { isTask } from '../../registry/resource.ts';
import type { Resource } from '../../registry/resource.ts';

/** Seconds of a step, and how often it is started at most: what clients of these paths count on. */
const TIMEOUT_SECONDS = 300;
const MAX_ATTEMPTS = 3;

/** A Task as it came by REST, with the limits that it does not state; all else as it is. */
export function withTaskDefaults(resource: Resource, object: JsonObject): JsonObject {
  const { spec } = object;
  if (!isTask(resource) || !isJsonObject(spec)) return object;
  const { timeoutSeconds = TIMEOUT_SECONDS, retryPolicy = {} } = spec;
  if (!isJsonObject(retryPolicy)) return object;
  const { maxAttempts = MAX_ATTEMPTS } = fieldsOf(retryPolicy);
  return { ...object, spec: { ...spec, timeoutSeconds, retryPolicy: { ...retryPolicy, maxAttempts } } };
}
