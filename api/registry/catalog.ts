import type { Resource } from './resource.ts';

/**
 * The kinds that are served. They change while the server runs, as CustomResourceDefinitions come and go; what is
 * made of them (discovery, OpenAPI, routes) is made again when `current` hands out another array.
 */
export interface Catalog {
  /** Built-in kinds, ours, then those of users by name. The same array until something changes. */
  current(): readonly Resource[];
  find(coordinates: ResourceCoordinates): Resource | undefined;
  /**
   * Resolves when every definition is in that any replica acknowledged before the call.
   * @throws StatusError ServiceUnavailable
   */
  renew(): Promise<void>;
  /** Calls back after every change. The returned function ends that. */
  onChange(listener: () => void): () => void;
}

export interface ResourceCoordinates {
  group: string;
  version: string;
  plural: string;
}

const keyOf = ({ group, version, plural }: ResourceCoordinates): string => `${group}/${version}/${plural}`;

export interface MutableCatalog extends Catalog {
  replace(resources: readonly Resource[]): void;
  /** What `renew` does; at first nothing. */
  renewBy(renew: () => Promise<void>): void;
}

export function createCatalog(resources: readonly Resource[]): MutableCatalog {
  let current = resources;
  let byKey = indexed(resources);
  let renew = (): Promise<void> => Promise.resolve();
  const listeners = new Set<() => void>();
  return {
    current: () => current,
    find: (coordinates) => byKey.get(keyOf(coordinates)),
    renew: () => renew(),
    renewBy(given) {
      renew = given;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    replace(next) {
      current = next;
      byKey = indexed(next);
      for (const listener of listeners) listener();
    },
  };
}

function indexed(resources: readonly Resource[]): Map<string, Resource> {
  return new Map(resources.map((resource) => [keyOf(resource), resource]));
}
