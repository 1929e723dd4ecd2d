import type { Resource } from '../../registry/resource.ts';
import { jsonContent, operation } from './operation.ts';
import type { PathItem } from './operation.ts';
import { text } from './schema.ts';
import type { OpenApiSchema } from './schema.ts';

const RESET: OpenApiSchema = {
  type: 'object',
  required: ['token', 'expirationTime'],
  properties: {
    token: text('Sets a new password once, by POST /api/auth/reset-password.'),
    expirationTime: { description: 'RFC 3339.', type: 'string', format: 'date-time' },
  },
};

export function passwordResetItem(resource: Resource): PathItem {
  const post = operation(resource, 'UserPasswordReset', {
    verb: 'create',
    action: 'post',
    description: 'let the specified User set a new password',
    answers: { '201': jsonContent(RESET) },
  });
  return { post };
}

const KEY: OpenApiSchema = {
  type: 'object',
  required: ['key'],
  properties: { key: text('The key, which is shown this once.') },
};

export function apiKeyTokenItem(resource: Resource): PathItem {
  const post = operation(resource, 'APIKeyToken', {
    verb: 'create',
    action: 'post',
    description: 'make the key of the specified APIKey; an earlier one no longer works',
    answers: { '201': jsonContent(KEY) },
  });
  return { post };
}
