import type { Resource } from '../../registry/resource.ts';
import { jsonPost } from './operation.ts';
import type { PathItem } from './operation.ts';
import { text } from './schema.ts';
import type { OpenApiSchema } from './schema.ts';

const REQUEST: OpenApiSchema = {
  description: 'The decision that an address is to stand for.',
  type: 'object',
  required: ['decision'],
  properties: { decision: { type: 'string', enum: ['Approved', 'Rejected'] } },
};

const ADDRESS: OpenApiSchema = {
  description: 'An address that decides for whoever has asked for it.',
  type: 'object',
  required: ['path', 'expiresAt'],
  properties: {
    path: text('With its token: path and query of a URL. Whoever has it decides.'),
    expiresAt: { description: 'RFC 3339.', type: 'string', format: 'date-time' },
  },
};

export function linksItem(resource: Resource): PathItem {
  const post = jsonPost(resource, 'NamespacedApprovalLinks', {
    description: 'hand out an address that decides the specified Approval',
    body: REQUEST,
    answer: ADDRESS,
  });
  return { post };
}

const MAIL: OpenApiSchema = {
  description: 'Who gets a mail that asks for a decision.',
  type: 'object',
  required: ['user'],
  properties: { user: text('Name of a User, at whose address it is sent.') },
};

export function mailsItem(resource: Resource): PathItem {
  const post = jsonPost(resource, 'NamespacedApprovalMails', {
    description: 'mail the specified Approval to a User',
    body: MAIL,
    answer: { description: 'That it was sent.', type: 'object' },
  });
  return { post };
}
