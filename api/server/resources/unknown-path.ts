import { StatusError } from '../../machinery/status-error.ts';
import type { Catalog } from '../../registry/catalog.ts';
import { catalogView } from './catalog-view.ts';
import type { ResourcePath } from '../request/resource-path.ts';

/**
 * What is answered where nothing is served: plain text, as Go's router writes it, except in the versions of
 * Kubernetes' own groups (apiserver installs a handler of its own there).
 */
export function createUnknownPath(catalog: Catalog): (place: ResourcePath | undefined) => Response {
  const builtIn = catalogView(
    catalog,
    (served) =>
      new Set(served.filter((one) => one.builtIn).map(({ group, version }) => `${group}/${version}`)),
  );
  return (place) => {
    if (place !== undefined && builtIn().has(`${place.group}/${place.version}`)) throw noResource();
    return pageNotFound();
  };
}

export function pageNotFound(): Response {
  return new Response('404 page not found\n', {
    status: 404,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache, private',
    },
  });
}

const noResource = (): StatusError =>
  new StatusError('NotFound', 'the server could not find the requested resource', { details: {} });
