import { jsonText } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';

/** An object with its JSON text: a stored one, or one that is only shown. */
export interface ApiObject {
  readonly object: Unstructured;
  json(): string;
}

/** An object that is not stored as it is: the answer of a dry run, a view, or the last a watcher sees of one. */
export function shownObject(object: Unstructured): ApiObject {
  return new ShownObject(object);
}

/** Its text is made when it is first asked for. */
class ShownObject implements ApiObject {
  readonly object: Unstructured;
  #text: string | undefined;

  constructor(object: Unstructured) {
    this.object = Object.freeze(object);
  }

  json(): string {
    return (this.#text ??= jsonText(this.object));
  }
}

/** The same object under another revision. */
export function shownAtRevision(object: Unstructured, revision: number): ApiObject {
  return shownObject({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
}
