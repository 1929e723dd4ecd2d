import type { OpenApiSchema } from '../openapi/schema.ts';
import { NAME, NAMESPACE, operation } from './rest-operation.ts';
import type { Operations } from './rest-operation.ts';
import { ref } from './rest-schemas.ts';

/** The packages of Skills below `/api/v1`, in OpenAPI 3.1. */

const ZIP: OpenApiSchema = { type: 'string', format: 'binary' };

/** By media type; a form has the zip as its file. */
export const ZIP_BODIES: Readonly<Record<string, OpenApiSchema>> = {
  'application/zip': ZIP,
  'multipart/form-data': { type: 'object', required: ['file'], properties: { file: ZIP } },
};

/** `at` is the path of all Skills of a namespace. */
export function packagePaths(at: string): Record<string, Operations> {
  const one = { parameters: [NAMESPACE, NAME], failure: 'CompatibleFailure' as const };
  const hash = {
    ...{ name: 'hash', in: 'query', schema: { type: 'string' } },
    description: 'Another content that is still kept, `sha256:...`.',
  };
  return {
    [`${at}/{name}/package`]: {
      get: operation({
        ...{ ...one, id: 'getSkillPackage', summary: 'The zip that new Tasks get' },
        ...{ parameters: [...one.parameters, hash], answer: ZIP, answerType: 'application/zip' },
      }),
      put: operation({
        ...{ ...one, id: 'replaceSkillPackage', summary: 'Makes a zip the newest content of a Skill' },
        ...{ otherBodies: ZIP_BODIES, answer: ref('Skill') },
      }),
    },
  };
}
