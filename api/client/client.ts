import type { KubeList, KubeObject } from '../machinery/meta.ts';
import type { ObjectRef, ResourceType } from '../machinery/resource-type.ts';
import type { WatchEvent } from '../machinery/watch-event.ts';
import type { DiscoveredResource } from './discovery.ts';

/**
 * How every part of Troupe uses the API: the same calls against Troupe's own server and a real cluster.
 * Failures are StatusError with the server's reason; a server that cannot be reached is ServiceUnavailable.
 */
export interface Client {
  /**
   * This client with calls that end when the signal aborts: the request under way is cut, and the call rejects with
   * the signal's reason. Whether the server did what it was asked is not known then.
   */
  within(signal: AbortSignal): Client;
  get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef): Promise<T>;
  /** As `get`, but undefined for an object that is not there. */
  find<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef): Promise<T | undefined>;
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<KubeList<T>>;
  create<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T>;
  /** Posts to a subresource that takes something else than the object; the answer is left out. */
  createPart(type: ResourceType, ref: ObjectRef, part: { subresource: string; body: object }): Promise<void>;
  /** Replaces spec and metadata; Conflict when metadata.resourceVersion is stale. */
  update<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T>;
  /** Replaces status only; Conflict when metadata.resourceVersion is stale. */
  updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T>;
  /** Replaces spec.finalizers of a Namespace, which nothing else may. */
  finalize<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T>;
  patch<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, patch: Patch): Promise<T>;
  /** Server-side apply: makes the object have these fields, and this manager own them. Conflict where others own one. */
  apply<T extends KubeObject>(type: ResourceType<T>, object: T, options: ApplyOptions): Promise<T>;
  delete(type: ResourceType, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /** Deletes all objects of a namespace, or of a cluster-scoped resource. */
  deleteCollection(type: ResourceType, options: DeleteCollectionOptions): Promise<void>;
  /** The resources the server offers now. */
  discover(): Promise<DiscoveredResource[]>;
  /** One watch request: ends when the server ends it, throws StatusError when it fails. Informers keep it going. */
  watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
}

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  /** Asks for objects without spec and status (PartialObjectMetadata). */
  metadataOnly?: boolean;
  signal?: AbortSignal;
}

export interface WatchOptions extends ListOptions {
  allowWatchBookmarks?: boolean;
  timeoutSeconds?: number;
}

export interface ApplyOptions {
  /** Who owns the fields. */
  fieldManager: string;
  /** Whether fields of others are taken over. */
  force: boolean;
  /** Whether the server checks everything and stores nothing. */
  dryRun?: boolean;
}

export interface DeleteOptions {
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  preconditions?: { uid?: string; resourceVersion?: string };
  /** Seconds that a Pod gets to end; absent: as its spec says. */
  gracePeriodSeconds?: number;
}

export interface DeleteCollectionOptions extends DeleteOptions {
  namespace?: string;
}

export interface Patch {
  type: 'merge' | 'json';
  /** An object for merge, an array of operations for json. */
  body: unknown;
  subresource?: 'status';
}
