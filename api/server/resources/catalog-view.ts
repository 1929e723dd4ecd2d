import type { Catalog } from '../../registry/catalog.ts';
import type { Resource } from '../../registry/resource.ts';

/** What `make` makes of the served kinds: made when it is asked for, and again only after the kinds have changed. */
export function catalogView<T>(catalog: Catalog, make: (served: readonly Resource[]) => T): () => T {
  let made: { of: readonly Resource[]; view: T } | undefined;
  return () => {
    const current = catalog.current();
    if (made?.of !== current) {
      made = { of: current, view: make(current.filter((resource) => resource.served)) };
    }
    return made.view;
  };
}
