import type { ApiObject } from '../../registry/reading/api-object.ts';
import type { ObjectList, WatchItem } from '../../registry/requests.ts';

/** The text of objects in the form a client asked for. */
export interface Representation {
  readonly contentType: string;
  /** Names the form when the text of an event depends on nothing but the item; few values. */
  readonly shared?: string;
  object(object: ApiObject): string;
  /** In pieces, each made when it is asked for: a long list need not be in memory as one text. */
  list(list: ObjectList): Iterable<string>;
  /** The object of a watch event. */
  eventObject(item: WatchItem): string;
}
