import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';

/** The connection of a request that asks to upgrade it, for the handler that takes it over. */
export interface UpgradedConnection {
  /** The connection; bytes that came behind the head of the request can be read from it. */
  socket: Duplex;
  /** In lower case, as the header Upgrade names it. */
  protocol: string;
}

const connections = new WeakMap<IncomingMessage, UpgradedConnection>();

/** Undefined for a request that asks for no upgrade, or at a path that has none. */
export function upgradeOf(request: object): UpgradedConnection | undefined {
  return connections.get(request as IncomingMessage);
}

const MAX_LISTENERS = 30;

interface UpgradingServer extends EventEmitter {
  /** Which requests are given to the event `upgrade`; others are answered as if they asked for none. */
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean;
}

/** Streams of Pods, and the tunnels of executor managers that carry them. */
const UPGRADED_PATH =
  /^\/(?:api\/v1\/namespaces\/[^/]+\/pods\/[^/]+\/(?:attach|exec|portforward)|apis\/agent\.wecode\.io\/[^/]+\/executors\/[^/]+\/tunnel)\/?(?:\?|$)/;

/**
 * Requests that ask for an upgrade come to the app as any other: they are judged, limited and recorded by the same rules,
 * and where one is refused its answer says why. The handler that takes the connection over finds it by the request.
 */
export function acceptUpgrades(server: UpgradingServer): void {
  server.shouldUpgradeCallback = ({ url = '' }) => UPGRADED_PATH.test(url);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // The close event that follows is what counts.
    socket.on('error', () => undefined);
    // Those of the server, and of the two ways in which its bytes pass.
    socket.setMaxListeners(MAX_LISTENERS);
    if (head.length > 0) socket.unshift(head);
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Parameters<typeof response.assignSocket>[0]);
    response.once('finish', () => socket.end());
    const protocol = (request.headers.upgrade ?? '').toLowerCase();
    connections.set(request, { socket, protocol });
    server.emit('request', request, response);
  });
}
