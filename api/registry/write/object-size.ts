import { jsonText } from '../../machinery/json/json.ts';
import { MAX_REQUEST_BYTES } from '../../machinery/max-request-bytes.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status-error.ts';

/**
 * As the committer of the store, which a dry run does not get to.
 * @throws StatusError RequestEntityTooLarge when the object is larger than the store takes
 */
export function checkSize(object: Unstructured): void {
  const { resourceVersion: _, ...metadata } = object.metadata;
  const bytes = Buffer.byteLength(jsonText({ ...object, metadata }));
  if (bytes <= MAX_REQUEST_BYTES || object.metadata.deletionTimestamp !== undefined) return;
  throw new StatusError(
    'RequestEntityTooLarge',
    `the object would be ${bytes} bytes of JSON; the limit is ${MAX_REQUEST_BYTES}`,
  );
}
