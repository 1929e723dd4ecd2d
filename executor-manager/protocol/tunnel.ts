/**
 * The tunnel of a runner to the services that only its executor manager may call. The manager opens it, since a runtime
 * needs no route to anything:
 *
 *   GET /v1/tunnel    Connection: Upgrade, Upgrade: troupe-tunnel, and the token as on every call
 *   101               from here on the connection is HTTP/2 (RFC 9113) with prior knowledge, and the roles turn: the
 *                     runner is the client, the manager the server
 *
 * A runner has one tunnel; a new one takes the place of the one before. Each request in it names its run, so that one
 * tunnel serves all runs of a runner:
 *
 *   POST /runs/ID/model/v1/messages    a call of the run's Model: method, path behind /model, query, body, and those of
 *                                      its headers that mean nothing to the connection; never a credential
 *
 * The answer is the service's own, whatever its status. The manager's own words come in the error form of
 * the Model's protocol.
 */
export const TUNNEL_PATH = '/v1/tunnel';

/** In the header Upgrade. */
export const TUNNEL_PROTOCOL = 'troupe-tunnel';

/** Both sides of a tunnel: bytes that may be under way on one stream, and on all. */
export const TUNNEL_WINDOW = { stream: 1024 * 1024, connection: 16 * 1024 * 1024 } as const;

const MODEL_CALL = /^\/runs\/([A-Za-z0-9][A-Za-z0-9._-]{0,127})\/model(\/.*)$/;

/** The path in the tunnel of a call of a run's Model. `target` is path and query as the agent wrote them. */
export function modelCallPath(runID: string, target: string): string {
  return `/runs/${runID}/model${target}`;
}

/** The parts of a path in the tunnel; undefined for one that is no call of a Model. */
export function readModelCallPath(path: string): { runID: string; target: string } | undefined {
  const [, runID, target] = MODEL_CALL.exec(path) ?? [];
  return runID === undefined || target === undefined ? undefined : { runID, target };
}

/** Headers that belong to one connection (RFC 9110, section 7.6.1; RFC 9113, section 8.2.2) or to one host. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade'],
  ...['http2-settings', 'proxy-authenticate', 'proxy-authorization', 'host', 'expect'],
]);

/** Whether a header, in lower case, may go from one connection to the next. */
export function isEndToEnd(name: string): boolean {
  return !name.startsWith(':') && !OF_THE_CONNECTION.has(name);
}
