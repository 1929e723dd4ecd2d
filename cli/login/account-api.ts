import { createTransport } from '#api/client/transport';
import type { ApiRequest, Transport } from '#api/client/transport';
import { fieldsOf } from '#api/machinery/json/json';
import type { LoginTokens } from './login-file.ts';

/** A server, for somebody who is not logged in there. */
export interface LoginServer {
  server: string;
  ca?: string | undefined;
}

export interface LoggedIn {
  tokens: LoginTokens;
  deviceToken: string;
}

/** The routes of a server for people with accounts. Failures are StatusErrors. */
export function accountApi(server: LoginServer) {
  return {
    async logIn(userName: string, password: string, deviceToken?: string): Promise<LoggedIn> {
      const body = {
        user_name: userName,
        password,
        ...(deviceToken === undefined ? {} : { device_token: deviceToken }),
      };
      const answer = await post(server, 'login', body);
      return { tokens: tokensOf(answer), deviceToken: String(answer['device_token']) };
    },
    /** That of the User alone; undefined while there is none. */
    async namespaceOf(token: string): Promise<string | undefined> {
      const { namespace } = await requested(server, { method: 'GET', path: '/api/users/me' }, token);
      return typeof namespace === 'string' ? namespace : undefined;
    },
    async refresh(refreshToken: string): Promise<LoginTokens> {
      return tokensOf(await post(server, 'refresh', { refresh_token: refreshToken }));
    },
    async logOut(refreshToken: string): Promise<void> {
      await post(server, 'logout', { refresh_token: refreshToken });
    },
    async resetPassword(token: string, password: string): Promise<void> {
      await post(server, 'reset-password', { token, new_password: password });
    },
  };
}

const post = (server: LoginServer, name: string, body: object): Promise<Record<string, unknown>> =>
  requested(server, { method: 'POST', path: `/api/auth/${name}`, body });

async function requested(
  server: LoginServer,
  request: ApiRequest,
  token?: string,
): Promise<Record<string, unknown>> {
  const transport = transportOf(server, token);
  try {
    // Unlike `send` this does not wait and try again when the server says to come later: people are told.
    const pieces: Uint8Array[] = [];
    for await (const piece of transport.bytes(request)) pieces.push(piece);
    return fieldsOf(JSON.parse(Buffer.concat(pieces).toString('utf8')));
  } finally {
    await transport.close();
  }
}

/** Without a token it is that of somebody who is not logged in. */
function transportOf({ server, ca }: LoginServer, token: string | undefined): Transport {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return createTransport({
    server,
    ...(ca === undefined ? {} : { ca }),
    userAgent: 'troupe',
    credentials: { current: () => Promise.resolve({ headers }) },
  });
}

function tokensOf(answer: Record<string, unknown>): LoginTokens {
  return {
    token: String(answer['access_token']),
    expiresAt: Date.now() + Number(answer['expires_in']) * 1000,
    refreshToken: String(answer['refresh_token']),
  };
}
