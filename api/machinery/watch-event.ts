import type { KubeObject, Unstructured } from './meta.ts';
import type { Status } from './status-error.ts';

/** One line of a watch stream (meta/v1 WatchEvent). */
export type WatchEvent<T extends KubeObject = Unstructured> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; object: KubeObject }
  | { type: 'ERROR'; object: Status };
