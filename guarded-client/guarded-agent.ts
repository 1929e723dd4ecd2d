import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { Agent, EnvHttpProxyAgent, buildConnector } from 'undici';
import type { Dispatcher } from 'undici';
import type { AddressGuard, Endpoint } from './address-guard.ts';
import { RefusedAddressError } from './refused-address-error.ts';

export interface GuardedAgentOptions {
  guard: AddressGuard;
  /** Until a connection is made, TLS included. Default 10 s. */
  connectMs?: number;
  /** Until the head of an answer is there; 0: without a limit. Default 30 s. */
  headersMs?: number;
  /** Between two pieces of an answer; 0: without a limit. Default 60 s. */
  idleMs?: number;
  /** PEM of the authorities to believe in place of the system's. */
  ca?: string;
  /** Key and certificate that this client shows, PEM. */
  identity?: { key: string; cert: string };
  /** Proxies, where the administrator has some. Their own addresses are not judged. */
  proxies?: Proxies;
}

/** URLs, empty for none, and the names that need no proxy, as in the variable NO_PROXY. */
export interface Proxies {
  httpProxy: string;
  httpsProxy: string;
  noProxy: string;
}

/**
 * The proxies that an environment names, in lower or upper case. Only the environment of a process that its administrator
 * started is given here.
 */
export function readProxies(environment: Readonly<Record<string, string | undefined>>): Proxies {
  const read = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? '';
  return { httpProxy: read('HTTP_PROXY'), httpsProxy: read('HTTPS_PROXY'), noProxy: read('NO_PROXY') };
}

/**
 * A dispatcher for undici that connects only where its guard lets it. A name is looked up once for a connection, and the
 * connection goes to one of the addresses that were judged: an answer of DNS that changes in between has no effect. A
 * connection that is refused fails with RefusedAddressError.
 */
export function createGuardedAgent({ guard, proxies, ...options }: GuardedAgentOptions): Dispatcher {
  const agent = {
    headersTimeout: options.headersMs ?? 30_000,
    bodyTimeout: options.idleMs ?? 60_000,
    connect: guardedConnector(guard, {
      timeout: options.connectMs ?? 10_000,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      ...options.identity,
    }),
  };
  if (proxies === undefined || (proxies.httpProxy === '' && proxies.httpsProxy === ''))
    return new Agent(agent);
  return new EnvHttpProxyAgent({ ...agent, ...proxies }).compose(judgedBefore(guard));
}

/** More ports than any list of services has. */
const MOST_CONNECTORS = 256;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

function guardedConnector(
  guard: AddressGuard,
  options: buildConnector.BuildOptions,
): buildConnector.connector {
  // One for each port: a look-up is not told which port it is for. They keep the TLS sessions.
  const connectors = new Map<number, buildConnector.connector>();
  const connectorFor = (port: number): buildConnector.connector => {
    const known = connectors.get(port);
    if (known !== undefined) return known;
    if (connectors.size >= MOST_CONNECTORS) connectors.clear();
    const connector = buildConnector({ ...options, lookup: guardedLookUp(guard, port) });
    connectors.set(port, connector);
    return connector;
  };
  return (target, callback) => {
    const endpoint = endpointOf(target);
    const connect = (): void => connectorFor(endpoint.port)(target, callback);
    // A connection to an address makes no look-up.
    if (isIP(endpoint.host) === 0) connect();
    else guard.addressesOf(endpoint).then(connect, (error: Error) => callback(error, null));
  };
}

function endpointOf(url: { hostname: string; port: string; protocol: string }): Endpoint {
  const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port);
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: port ?? 0 };
}

function guardedLookUp(guard: AddressGuard, port: number): LookupFunction {
  return (host, options, callback) => {
    guard.addressesOf({ host, port }).then(
      (found) => {
        const wanted = found.filter(({ family }) => !options.family || family === options.family);
        if (options.all === true) return callback(null, wanted);
        const [{ address, family } = { address: '', family: 0 }] = wanted;
        return callback(null, address, family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

/**
 * A proxy makes the look-up that counts, and is the one to refuse. This refuses what is known to lead to a closed address
 * here already; a name that only the proxy can look up is left to it.
 */
function judgedBefore(guard: AddressGuard): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const judged = guard.addressesOf(endpointOf(new URL(options.origin ?? ''))).catch((error: unknown) => {
      if (error instanceof RefusedAddressError) throw error;
    });
    judged.then(
      () => dispatch(options, handler),
      // Not yet with a connection: there is no controller to give. undici's own interceptors do the same.
      (error: Error) => handler.onResponseError?.(null as never, error),
    );
    return true;
  };
}
