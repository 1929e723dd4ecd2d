import { expect } from 'vitest';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';

export const USERS = '/apis/agent.wecode.io/v1alpha1/users';
export const API_KEYS = '/apis/agent.wecode.io/v1alpha1/apikeys';
export const PASSWORD = 'tangerine kettle orbit';

/** The answer to a login. */
export interface Login {
  access_token: string;
  refresh_token: string;
  device_token: string;
  token_type: string;
  expires_in: number;
}

/** A User that the owner makes, with a password. */
export async function makeUser(
  api: TestApi,
  name: string,
  { spec = {}, password = PASSWORD }: { spec?: object; password?: string } = {},
): Promise<void> {
  const body = { apiVersion: 'agent.wecode.io/v1alpha1', kind: 'User', metadata: { name }, spec };
  const made = await api.send(USERS, { method: 'POST', body });
  expect(made.status, made.text).toBe(201);
  const reset = await api.send(`${USERS}/${name}/passwordreset`, { method: 'POST' });
  expect(reset.status, reset.text).toBe(201);
  const set = await ask(api, 'reset-password', { token: reset.json()['token'], new_password: password });
  expect(set.status, set.text).toBe(200);
}

/** `POST /api/auth/NAME`, by somebody who shows no token unless one is given. */
export function ask(api: TestApi, name: string, body: object, token?: string): Promise<ApiAnswer> {
  return api.send(`/api/auth/${name}`, { method: 'POST', body, token });
}

export function tryLogin(
  api: TestApi,
  name: string,
  password = PASSWORD,
  more: object = {},
): Promise<ApiAnswer> {
  return ask(api, 'login', { user_name: name, password, ...more });
}

export async function login(api: TestApi, name: string, password = PASSWORD): Promise<Login> {
  const answer = await tryLogin(api, name, password);
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as unknown as Login;
}

/** `GET /api/users/me` and below, as somebody. */
export function mine(
  api: TestApi,
  path: string,
  sent: { token: string; method?: 'DELETE' | 'GET' | 'PATCH' | 'POST' | 'PUT'; body?: object },
): Promise<ApiAnswer> {
  return api.send(`/api/users/me${path}`, sent);
}

export async function status(answer: Promise<ApiAnswer>): Promise<number> {
  return (await answer).status;
}
