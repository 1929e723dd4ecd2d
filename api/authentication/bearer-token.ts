import { unauthorized } from './authenticator.ts';
import type { Authenticator, Credentials, TokenAuthenticator } from './authenticator.ts';

/** `Authorization: Bearer TOKEN` (RFC 6750). Other schemes are left to other authenticators. */
export function createBearerAuthenticator(tokens: TokenAuthenticator): Authenticator {
  return {
    async authenticate({ header }) {
      const authorization = header('authorization') ?? '';
      if (!/^Bearer\b/i.test(authorization)) return undefined;
      const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
      const user = token === undefined ? undefined : await tokens.authenticateToken(token);
      if (user === undefined) throw unauthorized();
      return user;
    },
  };
}

const PROTOCOL_PREFIX = 'base64url.bearer.authorization.k8s.io.';

/**
 * A token as a subprotocol of a WebSocket: browsers cannot set headers there. Another subprotocol must stand beside
 * it, which the server can choose (apiserver pkg/authentication/request/websocket).
 */
export function createWebSocketProtocolAuthenticator(tokens: TokenAuthenticator): Authenticator {
  return {
    async authenticate(credentials) {
      if (!isWebSocketUpgrade(credentials)) return undefined;
      const protocols = (credentials.header('sec-websocket-protocol') ?? '')
        .split(',')
        .map((protocol) => protocol.trim());
      const encoded = protocols.filter((protocol) => protocol.startsWith(PROTOCOL_PREFIX));
      const [first] = encoded;
      if (first === undefined) return undefined;
      const token = decodeToken(first.slice(PROTOCOL_PREFIX.length));
      const isAcceptable = encoded.length === 1 && protocols.length > 1 && token !== undefined;
      const user = isAcceptable ? await tokens.authenticateToken(token) : undefined;
      if (user === undefined) throw unauthorized();
      return user;
    },
  };
}

/** RFC 6455, section 4.1. */
export function isWebSocketUpgrade({ header }: Credentials): boolean {
  const names = (text = ''): string[] => text.split(',').map((name) => name.trim().toLowerCase());
  return names(header('connection')).includes('upgrade') && names(header('upgrade')).includes('websocket');
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Undefined for what is not base64url without padding, or not UTF-8. */
function decodeToken(encoded: string): string | undefined {
  if (!/^[\w-]+$/.test(encoded)) return undefined;
  try {
    return utf8.decode(Buffer.from(encoded, 'base64url'));
  } catch {
    return undefined;
  }
}
