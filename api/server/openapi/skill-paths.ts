import { ZIP_TYPES } from '../resources/package-handlers.ts';
import type { Resource } from '../../registry/resource.ts';
import { modelName } from './model-name.ts';
import { contentOf, OBJECT_TYPES, operation } from './operation.ts';
import type { PathItem } from './operation.ts';
import { schemaRef } from './schema.ts';

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
