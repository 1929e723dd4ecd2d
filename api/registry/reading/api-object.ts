import { jsonText } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';

/** An object with its JSON text: a stored one, or one that is only shown. */
export interface ApiObject {
  readonly object: Unstructured;
  json(): string;
}

/** An object that is not stored as it is: the answer of a dry run, or the last a watcher sees of one. */
export function shownObject(object: Unstructured): ApiObject {
  return { object, json: () => jsonText(object) };
}

/** The same object under another revision. */
export function shownAtRevision(object: Unstructured, revision: number): ApiObject {
  return shownObject({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
}
