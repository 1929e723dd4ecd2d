import type { ApiObject } from './api-object.ts';
import type { Resource, Target } from './resource.ts';

/** What to do about fields the schema does not know. */
export type FieldValidation = 'Ignore' | 'Strict' | 'Warn';

export interface WriteOptions {
  /** Everything but the storing. */
  dryRun: boolean;
  fieldValidation: FieldValidation;
}

export interface CreateRequest extends WriteOptions {
  resource: Resource;
  namespace: string;
  body: unknown;
}

export interface UpdateRequest extends WriteOptions {
  target: Target;
  subresource?: 'status';
  body: unknown;
}

export interface PatchRequest extends WriteOptions {
  target: Target;
  subresource?: 'status';
  type: 'json' | 'merge' | 'strategic';
  body: unknown;
}

export interface DeleteRequest {
  target: Target;
  dryRun: boolean;
  propagationPolicy?: string;
  preconditions?: { uid?: string; resourceVersion?: string };
}

export interface WriteResult {
  object: ApiObject;
  /** For the client's Warning headers. */
  warnings: string[];
}

export interface DeleteResult extends WriteResult {
  /** False while finalizers keep the object. */
  gone: boolean;
}

/** What list and watch select by, as it stands in the URL. */
export interface CollectionQuery {
  resource: Resource;
  /** '' is all namespaces. */
  namespace: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  resourceVersionMatch?: string;
}

export interface ListQuery extends CollectionQuery {
  continue?: string;
}

export interface ObjectList {
  revision: number;
  items: readonly ApiObject[];
}

export interface WatchQuery extends CollectionQuery {
  allowWatchBookmarks: boolean;
  sendInitialEvents?: boolean;
  /** Ends the watch. */
  signal: AbortSignal;
}

export type WatchItem =
  | { type: 'ADDED' | 'DELETED' | 'MODIFIED'; object: ApiObject }
  | { type: 'BOOKMARK'; revision: number; initialEventsEnd: boolean };
