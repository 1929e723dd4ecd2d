import { createHash } from 'node:crypto';
import type { Hono } from 'hono';
import type { Resource } from '../registry/resource.ts';
import {
  aggregatedDiscovery,
  apiGroup,
  type GroupVersionResources,
  groupVersions,
  resourceList,
} from './discovery-documents.ts';
import { parseMediaType } from './media-type.ts';
import { replyJson } from './reply.ts';
import { versionPath } from './resource-routes.ts';
import type { RequestContext, ServerTypes } from './server-environment.ts';

/** Everything about discovery is worked out here, once. */
export function mountDiscovery(app: Hono<ServerTypes>, resources: readonly Resource[]): void {
  const versions = groupVersions(resources);
  const core = versions.filter(({ group }) => group === '');
  const named = versions.filter(({ group }) => group !== '');
  const groups = [...new Set(named.map(({ group }) => group))].map((group) =>
    named.filter((one) => one.group === group),
  );
  mountRoot(app, '/api', { versions: core, legacy: legacyCore(core) });
  mountRoot(app, '/apis', {
    versions: named,
    legacy: { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(apiGroup) },
  });
  for (const group of groups) {
    const document = apiGroup(group);
    app.get(`/apis/${group[0]?.group ?? ''}`, () => replyJson(document));
  }
  for (const version of versions) {
    const document = resourceList(version);
    app.get(versionPath(version), () => replyJson(document));
  }
}

function legacyCore(versions: readonly GroupVersionResources[]): object {
  return {
    kind: 'APIVersions',
    versions: versions.map(({ version }) => version),
    serverAddressByClientCIDRs: [],
  };
}

interface RootDocuments {
  versions: readonly GroupVersionResources[];
  legacy: object;
}

function mountRoot(app: Hono<ServerTypes>, path: string, { versions, legacy }: RootDocuments): void {
  const aggregated = new Map(
    ['v2', 'v2beta1'].map((version) => {
      const text = JSON.stringify(aggregatedDiscovery(versions, `apidiscovery.k8s.io/${version}`));
      const etag = `"${createHash('sha512').update(text).digest('hex').toUpperCase()}"`;
      return [version, { text, etag }] as const;
    }),
  );
  app.get(path, (c) => {
    const version = wantedVersion(c);
    const document = version === undefined ? undefined : aggregated.get(version);
    if (version === undefined || document === undefined) return replyJson(legacy);
    const headers = { etag: document.etag, vary: 'Accept', 'cache-control': 'public' };
    if (c.req.header('if-none-match') === document.etag) return new Response(null, { status: 304, headers });
    const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    return new Response(document.text, { headers: { ...headers, 'content-type': contentType } });
  });
}

/** The version of aggregated discovery the client prefers; undefined for the old documents. */
function wantedVersion(c: RequestContext): string | undefined {
  for (const range of (c.req.header('accept') ?? '').split(',')) {
    const { type, parameters } = parseMediaType(range);
    if (type !== 'application/json') continue;
    if (parameters.get('as') === undefined) return undefined;
    if (parameters.get('g') === 'apidiscovery.k8s.io' && parameters.get('as') === 'APIGroupDiscoveryList') {
      return parameters.get('v');
    }
  }
  return undefined;
}
