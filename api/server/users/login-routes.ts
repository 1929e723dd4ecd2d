import type { Hono } from 'hono';
import type { Accounts } from '../../users/accounts.ts';
import { addressOf } from '../limits/client-address.ts';
import type { ClientAddresses } from '../limits/client-address.ts';
import { replyJson } from '../answer/reply.ts';
import type { RequestContext, ServerTypes } from '../server-environment.ts';
import { flag, optionalText, readFields, text } from './request-fields.ts';

export interface AccountRoutes {
  accounts: Accounts;
  addresses: ClientAddresses;
}

/** Where a request comes from. */
function placesOf(addresses: ClientAddresses): (c: RequestContext) => { address: string; network: string } {
  return (c) => {
    const address = addressOf(addresses, c);
    return { address, network: addresses.networkOf(address) };
  };
}

/**
 * How people with accounts log in and out. `POST /api/auth/login` has the shape that existing clients know:
 * {user_name, password} to {access_token, token_type}.
 */
export function mountLogin(app: Hono<ServerTypes>, { accounts, addresses }: AccountRoutes): void {
  const placeOf = placesOf(addresses);
  app.post('/api/auth/login', async (c) => {
    const fields = await readFields(c);
    const deviceToken = optionalText(fields, 'device_token');
    const request = {
      userName: text(fields, 'user_name'),
      password: text(fields, 'password'),
      ...(deviceToken === undefined ? {} : { deviceToken }),
      ...placeOf(c),
      userAgent: c.req.header('user-agent') ?? '',
      onUser: (name: string) => c.var.audited?.logsInAs(name),
    };
    return secret(await accounts.logIn(request));
  });
  app.post('/api/auth/refresh', async (c) =>
    secret(await accounts.sessions.refresh(text(await readFields(c), 'refresh_token'))),
  );
  app.post('/api/auth/logout', async (c) => {
    const fields = await readFields(c);
    const refreshToken = optionalText(fields, 'refresh_token');
    const all = flag(fields, 'all');
    // Whoever has only the refresh token, because the access token has ended, may end the session too.
    if (refreshToken === undefined) await accounts.self.logOut(c.var.user, { all });
    else await accounts.sessions.revoke(refreshToken);
    return done('logged out');
  });
}

/** People who cannot log in yet, or no longer. */
export function mountRecovery(app: Hono<ServerTypes>, { accounts, addresses }: AccountRoutes): void {
  const { registration, recovery, self } = accounts;
  const placeOf = placesOf(addresses);
  app.post('/api/auth/register', async (c) => {
    const fields = await readFields(c);
    await registration.register({
      userName: text(fields, 'user_name'),
      password: text(fields, 'password'),
      email: optionalText(fields, 'email'),
      displayName: optionalText(fields, 'display_name'),
      network: placeOf(c).network,
    });
    return done('registered; the account is to be activated', 201);
  });
  app.post('/api/auth/activate', async (c) => {
    await registration.activate(text(await readFields(c), 'token'));
    return done('activated');
  });
  app.post('/api/auth/forgot-password', async (c) => {
    await recovery.forgot({ userName: text(await readFields(c), 'user_name'), network: placeOf(c).network });
    return done('if there is such an account, a mail is on its way', 202);
  });
  app.post('/api/auth/reset-password', async (c) => {
    const fields = await readFields(c);
    await recovery.reset({ token: text(fields, 'token'), password: text(fields, 'new_password') });
    return done('the password was set; all sessions have ended');
  });
  app.post('/api/auth/change-password', async (c) => {
    const fields = await readFields(c);
    await self.changePassword(c.var.user, {
      oldPassword: text(fields, 'old_password'),
      newPassword: text(fields, 'new_password'),
      network: placeOf(c).network,
    });
    return done('the password was changed; all other sessions have ended');
  });
}

export const done = (message: string, status = 200): Response => replyJson({ message }, { status });

/** RFC 6749, section 5.1: nothing on the way may keep it. */
export function secret(value: unknown, status = 200): Response {
  const response = replyJson(value, { status });
  response.headers.set('cache-control', 'no-store');
  return response;
}
