import type { Hono } from 'hono';
import { badRequest } from '../../machinery/status-error.ts';
import { ADMINS_GROUP } from '../../types/account.ts';
import type { APIKey } from '../../types/generated/apikey.ts';
import type { User as Account } from '../../types/generated/user.ts';
import type { Accounts } from '../../users/accounts.ts';
import { replyJson } from '../answer/reply.ts';
import type { ServerTypes } from '../server-environment.ts';
import { done, secret } from './login-routes.ts';
import { flag, optionalText, readFields } from './request-fields.ts';

const ME = '/api/users/me';

/** The routes on which people see and change their own account. */
export function mountSelf(app: Hono<ServerTypes>, accounts: Accounts): void {
  const { self } = accounts;
  app.get(ME, async (c) => replyJson(shownUser(await self.account(c.var.user))));
  app.patch(ME, async (c) => {
    const displayName = optionalText(await readFields(c), 'display_name');
    return replyJson(shownUser(await self.changeProfile(c.var.user, { displayName })));
  });
  app.get(`${ME}/preferences`, async (c) => {
    const { spec } = await self.account(c.var.user);
    return replyJson(spec.preferences ?? {});
  });
  app.put(`${ME}/preferences`, async (c) =>
    replyJson(await self.setPreferences(c.var.user, await readFields(c))),
  );
  app.get(`${ME}/statistics`, async (c) => {
    const { metadata } = await self.account(c.var.user);
    return replyJson(await accounts.statistics(metadata.name));
  });
  app.get(`${ME}/sessions`, async (c) => replyJson({ items: await self.sessions(c.var.user) }));
  app.delete(`${ME}/sessions/:id`, async (c) => {
    await self.endSession(c.var.user, c.req.param('id'));
    return done('the session has ended');
  });
  mountApiKeys(app, accounts);
}

function mountApiKeys(app: Hono<ServerTypes>, { self }: Accounts): void {
  app.get(`${ME}/api-keys`, async (c) => {
    const apiKeys = await self.apiKeys(c.var.user);
    return replyJson({ items: apiKeys.map((apiKey) => shownKey(apiKey)) });
  });
  app.post(`${ME}/api-keys`, async (c) => {
    const fields = await readFields(c);
    const { apiKey, key } = await self.createApiKey(c.var.user, {
      name: keyName(optionalText(fields, 'name')),
      description: optionalText(fields, 'description'),
      expirationTime: optionalText(fields, 'expires_at'),
      readOnly: flag(fields, 'read_only'),
    });
    return secret({ ...shownKey(apiKey), key }, 201);
  });
  app.delete(`${ME}/api-keys/:name`, async (c) => {
    await self.deleteApiKey(c.var.user, c.req.param('name'));
    return done('the API key was revoked');
  });
}

function keyName(name: string | undefined): string | undefined {
  if (name === undefined || /^[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?$/.test(name)) return name;
  throw badRequest('name must be made of lower-case letters, digits and dashes');
}

const shownUser = ({ metadata, spec, status }: Account): object => ({
  user_name: metadata.name,
  display_name: spec.displayName ?? metadata.name,
  email: spec.email ?? null,
  groups: spec.groups ?? [],
  is_admin: spec.groups?.includes(ADMINS_GROUP) === true,
  namespace: status?.namespace ?? null,
  created_at: metadata.creationTimestamp ?? null,
  last_login_at: status?.lastLoginTime ?? null,
});

const shownKey = ({ metadata, spec, status }: APIKey): object => ({
  name: metadata.name,
  description: spec.description ?? null,
  created_at: metadata.creationTimestamp ?? null,
  expires_at: spec.expirationTime ?? null,
  read_only: spec.readOnly ?? false,
  last_used_at: status?.lastUsedTime ?? null,
});
