/**
 * Streams of Pods (exec, attach, port-forward) between the API and the executor manager that has the sandbox. The manager
 * opens the connection for them and keeps it, so that it need not listen for anybody:
 *
 *   POST /apis/agent.wecode.io/v1alpha1/executors/NAME/tunnel    Connection: Upgrade, Upgrade: troupe-executor-tunnel
 *   101                   from here on the connection is HTTP/2 (RFC 9113) with prior knowledge, and the roles turn:
 *                         the API is the client, the manager the server
 *
 * Each request in it is one stream of one user, who may have it as far as the API can say:
 *
 *   POST /namespaces/NS/pods/NAME/exec    with the query in headers, and those of WebSocket as the user sent them
 *
 * With status 200 the bodies of both directions are the bytes of the user's connection as they are, from the answer to its
 * upgrade on (as kube-apiserver hands such a connection to a kubelet). Any other status comes with a meta/v1 Status.
 */
export const EXECUTOR_TUNNEL_PROTOCOL = 'troupe-executor-tunnel';

/** Answer to the upgrade: the id of the API server that it leads to. */
export const REPLICA_HEADER = 'troupe-replica';

/** Answer to the upgrade: `true` where no other server shares its database. */
export const ONLY_REPLICA_HEADER = 'troupe-only-replica';

/** Of the upgrade: ids of the servers to which the manager is connected, with commas. One of these answers 409. */
export const CONNECTED_HEADER = 'troupe-connected';

/** Bytes that may be under way on one stream, and on all. */
export const EXECUTOR_TUNNEL_WINDOW = { stream: 256 * 1024, connection: 16 * 1024 * 1024 } as const;

/** Of the query, which has the command: as long as a kernel takes one argument, and as nghttp2 takes headers. */
export const MAX_POD_QUERY_BYTES = 128 * 1024;

/** Of the request in the tunnel, as HTTP/2 counts it. */
export const EXECUTOR_TUNNEL_HEADER_BYTES = MAX_POD_QUERY_BYTES + 16 * 1024;

export type PodStreamKind = 'attach' | 'exec' | 'portforward';

export interface PodStreamRequest {
  kind: PodStreamKind;
  namespace: string;
  name: string;
  /** Of the Sandbox: another one may have had the name. */
  uid: string;
  /** Without the question mark. */
  query: string;
  /** Those that are needed to answer the handshake, by their names in lower case. */
  webSocket: Readonly<Record<string, string>>;
}

const UID_HEADER = 'troupe-sandbox-uid';
/** Several of them are one query: nghttp2 takes 64 KiB of one header. */
const QUERY_HEADER = 'troupe-query';
const QUERY_PART = /.{1,32768}/g;
const WEB_SOCKET_HEADERS = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol'];

/** Of the user's request: those of WebSocket. Tokens that browsers send as protocols stay out. */
export function webSocketHeaders(header: (name: string) => string | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of WEB_SOCKET_HEADERS) {
    const value = header(name);
    if (value !== undefined) found[name] = name === 'sec-websocket-protocol' ? withoutTokens(value) : value;
  }
  return found;
}

const withoutTokens = (protocols: string): string =>
  protocols
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => !protocol.startsWith('base64url.bearer.'))
    .join(', ');

/** The headers of the request in the tunnel. */
export function podStreamHeaders(request: PodStreamRequest): Record<string, string[] | string> {
  const { namespace, name, kind, query, uid, webSocket } = request;
  return {
    ':method': 'POST',
    ':path': `/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/${kind}`,
    [QUERY_HEADER]: query.match(QUERY_PART) ?? [],
    [UID_HEADER]: uid,
    ...webSocket,
  };
}

const PATH = /^\/namespaces\/([^/?]+)\/pods\/([^/?]+)\/(attach|exec|portforward)$/;

/** Undefined for any other request. */
export function parsePodStream(
  headers: Readonly<Record<string, string[] | string | undefined>>,
): PodStreamRequest | undefined {
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  const [, namespace, name, kind] = PATH.exec(header(':path') ?? '') ?? [];
  const uid = header(UID_HEADER);
  if (namespace === undefined || name === undefined || uid === undefined) return undefined;
  return {
    kind: kind as PodStreamKind,
    namespace: decodeURIComponent(namespace),
    name: decodeURIComponent(name),
    // As Node joins those of one name; a query has no blanks.
    ...{ uid, query: (header(QUERY_HEADER) ?? '').replaceAll(', ', '') },
    webSocket: webSocketHeaders(header),
  };
}
