import { createTransport } from '#api/client/transport';
import type { Transport } from '#api/client/transport';
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

async function post(server: LoginServer, name: string, body: object): Promise<Record<string, unknown>> {
  const transport = anonymousTransport(server);
  try {
    // Unlike `send` this does not wait and try again when the server says to come later: people are told.
    const pieces: Uint8Array[] = [];
    const request = { method: 'POST', path: `/api/auth/${name}`, body } as const;
    for await (const piece of transport.bytes(request)) pieces.push(piece);
    return fieldsOf(JSON.parse(Buffer.concat(pieces).toString('utf8')));
  } finally {
    await transport.close();
  }
}

function anonymousTransport({ server, ca }: LoginServer): Transport {
  return createTransport({
    server,
    ...(ca === undefined ? {} : { ca }),
    userAgent: 'troupe',
    credentials: { current: () => Promise.resolve({ headers: {} }) },
  });
}

function tokensOf(answer: Record<string, unknown>): LoginTokens {
  return {
    token: String(answer['access_token']),
    expiresAt: Date.now() + Number(answer['expires_in']) * 1000,
    refreshToken: String(answer['refresh_token']),
  };
}
