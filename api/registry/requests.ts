import type { User } from '../machinery/users/user.ts';
import type { ApiObject } from './reading/api-object.ts';
import type { Resource, Target } from './resource.ts';

/** What to do about fields the schema does not know. */
export type FieldValidation = 'Ignore' | 'Strict' | 'Warn';

/** Every request says who asks: admission and rules that compare with what a user may do need it. */
export interface UserRequest {
  user: User;
}

export interface WriteOptions extends UserRequest {
  /** Everything but the storing. */
  dryRun: boolean;
  fieldValidation: FieldValidation;
  /** As the client named it; absent: taken from the user agent. Apply needs one. */
  fieldManager?: string;
  userAgent?: string;
  /** Fields that stand twice in the body, such as `spec.prompt`; the last one counted. */
  duplicateFields?: readonly string[];
}

/**
 * Parts of an object with a URL of their own. `finalize` is of Namespaces only; `events` and `messages` are of Tasks, whose
 * `spec.events` and `spec.messages` are written by them alone.
 */
export type Subresource = 'events' | 'finalize' | 'messages' | 'scale' | 'status';

/** A Scale for the subresource scale; the object itself for the others. */
export interface GetRequest extends UserRequest {
  target: Target;
  subresource?: Subresource;
}

export interface CreateRequest extends WriteOptions {
  resource: Resource;
  namespace: string;
  body: unknown;
}

export interface UpdateRequest extends WriteOptions {
  target: Target;
  subresource?: Subresource;
  body: unknown;
}

export interface PatchRequest extends WriteOptions {
  target: Target;
  subresource?: Subresource;
  type: 'apply' | 'json' | 'merge' | 'strategic';
  /** Takes over fields that others own; for apply only. */
  force?: boolean;
  body: unknown;
}

export interface DeleteOptions extends UserRequest {
  dryRun: boolean;
  propagationPolicy?: string;
  /** The older way to say Orphan or Background; not together with propagationPolicy. */
  orphanDependents?: boolean;
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
}

export interface DeleteRequest extends DeleteOptions {
  target: Target;
}

export interface DeleteCollectionRequest extends DeleteOptions {
  query: Omit<ListQuery, 'user'>;
}

export interface WriteResult {
  /** A Scale (autoscaling/v1) for the subresource scale. */
  object: ApiObject;
  /** The write made the object: create always, apply sometimes. */
  created?: boolean;
  /** For the client's Warning headers. */
  warnings: string[];
}

export interface DeleteResult extends WriteResult {
  /** False while finalizers keep the object. */
  gone: boolean;
}

/** What list and watch select by, as it stands in the URL. */
export interface CollectionQuery extends UserRequest {
  resource: Resource;
  /** '' is all namespaces. */
  namespace: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  resourceVersionMatch?: string;
  /** For watches only; a list refuses it. */
  sendInitialEvents?: boolean;
}

export interface ListQuery extends CollectionQuery {
  /** At most this many; absent or 0: all. */
  limit?: number;
  continue?: string;
}

export interface ObjectList {
  /** Of the snapshot; the same on all its pages. */
  revision: number;
  items: readonly ApiObject[];
  /** Absent on the last page. */
  continue?: string;
  /** Known only without selectors. */
  remainingItemCount?: number;
}

export interface WatchQuery extends CollectionQuery {
  allowWatchBookmarks: boolean;
  /** Ends the watch by itself after this long, with a last bookmark where bookmarks are allowed. */
  timeoutMs?: number;
  /** Ends the watch. */
  signal: AbortSignal;
}

export type WatchItem =
  | { type: 'ADDED' | 'DELETED' | 'MODIFIED'; object: ApiObject }
  | { type: 'BOOKMARK'; revision: number; initialEventsEnd: boolean };
