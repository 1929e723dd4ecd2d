import { createHash } from 'node:crypto';
import type { Hono } from 'hono';
import { formatApiVersion } from '../../machinery/group-version-kind.ts';
import type { Catalog } from '../../registry/catalog.ts';
import type { Resource } from '../../registry/resource.ts';
import { catalogView } from '../resources/catalog-view.ts';
import { aggregatedDiscovery } from './aggregated.ts';
import { groupVersions } from './group-versions.ts';
import type { GroupVersion } from './group-versions.ts';
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from './legacy.ts';
import { matchesETag } from '../answer/entity-tag.ts';
import { parseMediaType } from '../request/media-type.ts';
import { isOfAccounts } from '../request/resource-path.ts';
import { whenRead } from '../answer/read-only.ts';
import { replyJson } from '../answer/reply.ts';
import type { RequestContext, ServerTypes } from '../server-environment.ts';

/** Which kinds there are. What is no group or version here is left to the routes that follow. */
export function mountDiscovery(app: Hono<ServerTypes>, catalog: Catalog): void {
  const view = catalogView(catalog, makeDocuments);
  const index = catalogView(catalog, () => rootPaths(app, view()));
  app.all('/', (c) => whenRead(c, () => replyJson({ paths: index() })));
  for (const root of ['/api', '/apis'] as const) {
    const reply = (c: RequestContext): Response => whenRead(c, () => replyRoot(c, view().roots[root]));
    app.all(root, reply);
    app.all(`${root}/`, reply);
  }
  for (const end of ['', '/'] as const) {
    app.all(`/api/:version${end}`, (c, next) =>
      replyFound(c, view().versions.get(c.req.param('version')), next),
    );
    app.all(`/apis/:group${end}`, (c, next) => replyFound(c, view().groups.get(c.req.param('group')), next));
    app.all(`/apis/:group/:version${end}`, (c, next) =>
      replyFound(c, view().versions.get(formatApiVersion(c.req.param())), next),
    );
  }
}

/** The answer to `GET /`: every address without a variable in it, but for those of accounts, which clients do not discover. */
function rootPaths(app: Hono<ServerTypes>, { groups, versions }: DiscoveryDocuments): string[] {
  const fixed = app.routes
    .map(({ path }) => path)
    .filter((path) => !/[:*]|.[/]$/.test(path) && !isOfAccounts(path));
  const made = [...versions.keys()].map((key) => (key.includes('/') ? `/apis/${key}` : `/api/${key}`));
  return [...new Set([...fixed, ...[...groups.keys()].map((group) => `/apis/${group}`), ...made])].sort();
}

interface DiscoveryDocuments {
  roots: Record<'/api' | '/apis', RootDocuments>;
  groups: ReadonlyMap<string, object>;
  /** By `v1` or `GROUP/VERSION`. */
  versions: ReadonlyMap<string, object>;
}

function makeDocuments(served: readonly Resource[]): DiscoveryDocuments {
  const all = groupVersions(served);
  const core = all.filter(({ group }) => group === '');
  const named = all.filter(({ group }) => group !== '');
  const groups = Map.groupBy(named, ({ group }) => group);
  return {
    roots: { '/api': rootDocuments(core, apiVersions), '/apis': rootDocuments(named, apiGroupList) },
    groups: new Map([...groups].map(([name, versions]) => [name, apiGroup(versions)])),
    versions: new Map(all.map((version) => [formatApiVersion(version), apiResourceList(version)])),
  };
}

interface RootDocuments {
  legacy: object;
  /** By the version of apidiscovery.k8s.io. */
  aggregated: ReadonlyMap<string, { text: string; etag: string }>;
}

function rootDocuments(
  versions: readonly GroupVersion[],
  legacy: (versions: readonly GroupVersion[]) => object,
): RootDocuments {
  const aggregated = ['v2', 'v2beta1'].map((version) => {
    const text = `${JSON.stringify(aggregatedDiscovery(versions, `apidiscovery.k8s.io/${version}`))}\n`;
    return [
      version,
      { text, etag: `"${createHash('sha512').update(text).digest('hex').toUpperCase()}"` },
    ] as const;
  });
  return { legacy: legacy(versions), aggregated: new Map(aggregated) };
}

function replyRoot(c: RequestContext, { legacy, aggregated }: RootDocuments): Response {
  const version = wantedVersion(c.req.header('accept') ?? '');
  const document = version === undefined ? undefined : aggregated.get(version);
  if (version === undefined || document === undefined) return replyJson(legacy);
  const headers = { etag: document.etag, vary: 'Accept', 'cache-control': 'public' };
  if (matchesETag(c, document.etag)) return new Response(null, { status: 304, headers });
  const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  return new Response(document.text, { headers: { ...headers, 'content-type': contentType } });
}

async function replyFound(
  c: RequestContext,
  document: object | undefined,
  next: () => Promise<void>,
): Promise<Response | void> {
  if (document === undefined) return next();
  return whenRead(c, () => replyJson(document));
}

/**
 * The version of aggregated discovery the client prefers; undefined for the old documents, also when nothing the
 * client accepts is known: kubectl gives up on a 406 here.
 */
function wantedVersion(accept: string): string | undefined {
  for (const range of accept.split(',')) {
    const { type, parameters } = parseMediaType(range);
    if (type !== 'application/json') continue;
    if (parameters.get('as') === undefined) return undefined;
    const version = parameters.get('v') ?? '';
    const isDiscovery =
      parameters.get('g') === 'apidiscovery.k8s.io' && parameters.get('as') === 'APIGroupDiscoveryList';
    if (isDiscovery && (version === 'v2' || version === 'v2beta1')) return version;
  }
  return undefined;
}
