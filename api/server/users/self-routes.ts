import type { Hono } from 'hono';
import { badRequest, isStatusError } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import { ADMINS_GROUP } from '../../types/account.ts';
import type { APIKey } from '../../types/generated/apikey.ts';
import type { User as Account } from '../../types/generated/user.ts';
import { TASKS } from '../../types/resources.ts';
import type { Accounts } from '../../users/accounts.ts';
import type { Access } from '../access/access.ts';
import { replyJson } from '../answer/reply.ts';
import type { ServerTypes } from '../server-environment.ts';
import { done, secret } from './login-routes.ts';
import { flag, optionalText, readFields } from './request-fields.ts';

const ME = '/api/users/me';

export interface SelfRoutes {
  accounts: Accounts;
  access: Pick<Access, 'judge'>;
}

/** The routes on which people see and change their own account. */
export function mountSelf(app: Hono<ServerTypes>, { accounts, access }: SelfRoutes): void {
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
    const { user } = c.var;
    const mayList = (namespace: string): Promise<boolean> => mayListTasks(access, user, namespace);
    return replyJson(await accounts.statistics.of(await self.account(user), mayList));
  });
  app.get(`${ME}/sessions`, async (c) => replyJson({ items: await self.sessions(c.var.user) }));
  app.delete(`${ME}/sessions/:id`, async (c) => {
    await self.endSession(c.var.user, c.req.param('id'));
    return done('the session has ended');
  });
  mountApiKeys(app, accounts);
}

async function mayListTasks(access: Pick<Access, 'judge'>, user: User, namespace: string): Promise<boolean> {
  const { group, version, plural } = TASKS;
  const resource = { group, version, plural, subresource: '', namespace, name: '' };
  try {
    await access.judge(user, { verb: 'list', path: '', resource });
    return true;
  } catch (error) {
    if (isStatusError(error, 'Forbidden')) return false;
    throw error;
  }
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
