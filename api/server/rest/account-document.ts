import type { OpenApiSchema } from '../openapi/schema.ts';
import { operation } from './rest-operation.ts';
import type { Operation } from './rest-operation.ts';
import { ref } from './rest-schemas.ts';

/** The paths of people with accounts, in OpenAPI 3.1. */

const text: OpenApiSchema = { type: 'string' };
const flag: OpenApiSchema = { type: 'boolean' };
const time: OpenApiSchema = { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] };
const textOrNull: OpenApiSchema = { anyOf: [text, { type: 'null' }] };

function fields(
  properties: Record<string, OpenApiSchema>,
  required = Object.keys(properties),
): OpenApiSchema {
  return { type: 'object', required, properties };
}

const listOf = (items: OpenApiSchema): OpenApiSchema => fields({ items: { type: 'array', items } });

const TOKENS = {
  access_token: text,
  token_type: { const: 'bearer' },
  expires_in: { type: 'integer' },
  refresh_token: text,
};
const USER = {
  ...{ user_name: text, display_name: text, email: textOrNull },
  ...{ groups: { type: 'array', items: text }, is_admin: flag },
  ...{ namespace: textOrNull, created_at: time, last_login_at: time },
} as const;
const KEY = {
  ...{ name: text, description: textOrNull },
  ...{ created_at: time, expires_at: time, read_only: flag, last_used_at: time },
} as const;
const SESSION = { id: text, created_at: time, expires_at: time, client: text, address: text, current: flag };
const COUNT: OpenApiSchema = { type: 'integer' };
const STATISTICS = {
  tasks: fields({ total: COUNT, by_status: { type: 'object' } }),
  tokens: fields({ input: COUNT, output: COUNT, cache_read: COUNT, cache_write: COUNT }),
  cost_usd: { type: 'number' },
};

const MESSAGE = ref('Message');
const ANY: OpenApiSchema = { type: 'object' };
const ME = '/api/users/me';

interface Described extends Pick<Operation, 'answer' | 'body' | 'code' | 'id'> {
  /** Absent: it takes a token. */
  isPublic?: true;
  parameter?: string;
}

/** By method and path. */
const PATHS: Readonly<Record<string, Described>> = {
  'post /api/auth/login': {
    id: 'logIn',
    body: fields({ user_name: text, password: text, device_token: text }, ['user_name', 'password']),
    answer: fields({ ...TOKENS, device_token: text }),
    isPublic: true,
  },
  'post /api/auth/refresh': {
    id: 'refresh',
    body: fields({ refresh_token: text }),
    answer: fields(TOKENS),
    isPublic: true,
  },
  'post /api/auth/logout': {
    id: 'logOut',
    body: fields({ refresh_token: text, all: flag }, []),
    answer: MESSAGE,
    isPublic: true,
  },
  'post /api/auth/register': {
    id: 'register',
    body: fields({ user_name: text, password: text, email: text, display_name: text }, [
      'user_name',
      'password',
    ]),
    ...{ answer: MESSAGE, code: 201, isPublic: true },
  },
  'post /api/auth/activate': {
    id: 'activate',
    body: fields({ token: text }),
    answer: MESSAGE,
    isPublic: true,
  },
  'post /api/auth/forgot-password': {
    ...{
      id: 'forgotPassword',
      body: fields({ user_name: text }),
      answer: MESSAGE,
      code: 202,
      isPublic: true,
    },
  },
  'post /api/auth/reset-password': {
    ...{
      id: 'resetPassword',
      body: fields({ token: text, new_password: text }),
      answer: MESSAGE,
      isPublic: true,
    },
  },
  'post /api/auth/change-password': {
    ...{ id: 'changePassword', body: fields({ old_password: text, new_password: text }), answer: MESSAGE },
  },
  [`get ${ME}`]: { id: 'getMe', answer: fields(USER) },
  [`patch ${ME}`]: { id: 'changeMe', body: fields({ display_name: text }), answer: fields(USER) },
  [`get ${ME}/preferences`]: { id: 'getPreferences', answer: ANY },
  [`put ${ME}/preferences`]: { id: 'setPreferences', body: ANY, answer: ANY },
  [`get ${ME}/statistics`]: { id: 'getStatistics', answer: fields(STATISTICS) },
  [`get ${ME}/sessions`]: { id: 'listSessions', answer: listOf(fields(SESSION)) },
  [`delete ${ME}/sessions/{id}`]: { id: 'endSession', answer: MESSAGE, parameter: 'id' },
  [`get ${ME}/api-keys`]: { id: 'listApiKeys', answer: listOf(fields(KEY)) },
  [`post ${ME}/api-keys`]: {
    id: 'createApiKey',
    body: fields({ name: text, description: text, expires_at: time, read_only: flag }, []),
    answer: fields({ ...KEY, key: text }),
    code: 201,
  },
  [`delete ${ME}/api-keys/{name}`]: { id: 'revokeApiKey', answer: MESSAGE, parameter: 'name' },
};

export function accountPaths(): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const [key, described] of Object.entries(PATHS)) {
    const [method = '', at = ''] = key.split(' ');
    paths[at] = { ...paths[at], [method]: operationOf(described) };
  }
  return paths;
}

function operationOf({ isPublic, parameter, ...described }: Described): object {
  return {
    ...operation({
      ...described,
      failure: 'CompatibleFailure',
      ...(parameter === undefined
        ? {}
        : { parameters: [{ name: parameter, in: 'path', required: true, schema: text }] }),
    }),
    ...(isPublic === true ? { security: [] } : {}),
  };
}
