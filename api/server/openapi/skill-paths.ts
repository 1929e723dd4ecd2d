import { ZIP_TYPES } from '../resources/package-handlers.ts';
import type { Resource } from '../../registry/resource.ts';
import { modelName } from './model-name.ts';
import { contentOf, jsonContent, OBJECT_TYPES, operation } from './operation.ts';
import type { PathItem } from './operation.ts';
import { schemaRef } from './schema.ts';
import type { OpenApiSchema } from './schema.ts';

const ZIP = { type: 'string', format: 'binary' } as const;

/** The package of a Skill: a zip in, the Skill out. */
export function packageItem(resource: Resource): PathItem {
  const skill = schemaRef(modelName(resource, resource.kind));
  const get = operation(resource, 'NamespacedSkillZip', {
    verb: 'read',
    action: 'get',
    description: 'read package of the specified Skill',
    answers: { '200': contentOf(['application/zip'], ZIP) },
  });
  const put = operation(resource, 'NamespacedSkillZip', {
    verb: 'replace',
    action: 'put',
    description: 'replace package of the specified Skill',
    body: { required: true, content: contentOf(ZIP_TYPES, ZIP) },
    answers: { '200': contentOf(OBJECT_TYPES, skill) },
  });
  return { get, put };
}

const RATING: OpenApiSchema = {
  description: 'The opinion of one person on a Skill.',
  type: 'object',
  required: ['stars'],
  properties: {
    stars: { description: 'From 1 to 5.', type: 'integer', minimum: 1, maximum: 5 },
    comment: { description: 'Why.', type: 'string', maxLength: 1024 },
  },
};

/** The rating of a Skill by the user who asks. */
export function ratingItem(resource: Resource): PathItem {
  const answers = { '200': jsonContent(schemaRef(modelName(resource, resource.kind))) };
  const put = operation(resource, 'NamespacedSkillRating', {
    verb: 'replace',
    action: 'put',
    description: 'replace your rating of the specified Skill',
    body: { required: true, content: jsonContent(RATING) },
    answers,
  });
  const remove = operation(resource, 'NamespacedSkillRating', {
    verb: 'delete',
    action: 'delete',
    description: 'delete your rating of the specified Skill',
    answers,
  });
  return { put, delete: remove };
}
