import type { ModelProtocol } from '../protocol/run.ts';

/** A call that a run may make: where it goes below the base URL of its Model. */
export interface Route {
  method: 'GET' | 'POST';
  /** Behind the API's version. */
  path: string;
}

/** All that agents call of a model service. Files, batches, keys and whatever else a service has is not theirs. */
const MODEL_ROUTES: readonly Route[] = [
  { method: 'POST', path: '/messages' },
  { method: 'POST', path: '/messages/count_tokens' },
  { method: 'POST', path: '/chat/completions' },
  { method: 'POST', path: '/responses' },
  { method: 'POST', path: '/embeddings' },
  { method: 'GET', path: '/models' },
];

/** All that is called of an application of Dify, the stop of a run aside. */
const DIFY_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/info' },
  { method: 'POST', path: '/chat-messages' },
  { method: 'POST', path: '/completion-messages' },
  { method: 'POST', path: '/workflows/run' },
  { method: 'POST', path: '/files/upload' },
];
/** The part between is the id of a run, which is a UUID. */
const DIFY_STOP = /^\/(?:(?:chat|completion)-messages|workflows\/tasks)\/[A-Za-z0-9-]{1,64}\/stop$/;

/** The makers' own services. */
const OWN_SERVICES: Readonly<Record<ModelProtocol, string>> = {
  anthropic: 'https://api.anthropic.com',
  openai: 'https://api.openai.com/v1',
  'openai-responses': 'https://api.openai.com/v1',
  dify: 'https://api.dify.ai/v1',
};

/**
 * The route that a request asks for; undefined for one that is not open to agents. `path` is compared letter by letter,
 * so that nothing encoded and no `..` leads anywhere else. Programs write it with and without the API's version.
 */
export function findRoute(
  protocol: ModelProtocol,
  { method, path }: { method: string; path: string },
): Route | undefined {
  const below = path.startsWith('/v1/') ? path.slice('/v1'.length) : path;
  if (protocol === 'dify' && method === 'POST' && DIFY_STOP.test(below)) return { method, path: below };
  const routes = protocol === 'dify' ? DIFY_ROUTES : MODEL_ROUTES;
  return routes.find((route) => route.method === method && route.path === below);
}

export interface ModelAddress {
  protocol: ModelProtocol;
  /** As people write it, with or without the API's version; the maker's own service when absent. */
  baseURL?: string | undefined;
}

/**
 * Where the service takes a call. A query of the base URL, such as Azure's api-version, goes with each call and wins over
 * that of the agent. Throws TypeError for a base URL that cannot be read.
 */
export function targetURL({ protocol, baseURL }: ModelAddress, route: Route, query = ''): URL {
  const url = new URL(baseURL ?? OWN_SERVICES[protocol]);
  const search = new URLSearchParams(query);
  for (const [name, value] of url.searchParams) search.set(name, value);
  url.pathname = `${apiPath(url.pathname, protocol)}${route.path}`;
  url.search = search.toString();
  url.hash = '';
  return url;
}

/**
 * As the makers' own programs read a base URL: Anthropic's add the version, and so do clients of Dify, OpenAI's only where
 * there is no path at all.
 */
function apiPath(pathname: string, protocol: ModelProtocol): string {
  const path = pathname.replace(/\/+$/, '');
  if (protocol === 'anthropic' || protocol === 'dify') return path.endsWith('/v1') ? path : `${path}/v1`;
  return path === '' ? '/v1' : path;
}
