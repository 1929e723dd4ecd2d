import { fieldsOf } from '../../machinery/json/json.ts';
import { badRequest } from '../../machinery/status-error.ts';
import type { FieldValidation } from '../../registry/requests.ts';
import { strictProblems } from '../../registry/write/decode.ts';
import { setWarnings } from '../answer/reply.ts';
import type { ObjectBody } from './body.ts';
import type { ResourceRequest } from './resource-request.ts';
import { readWritten } from './written-object.ts';

export interface PostedBody extends Pick<ObjectBody, 'optional'> {
  /** For messages. */
  kind: string;
  /** The fields that it may have. */
  fields: readonly string[];
}

/** Clients may say of any object what it is. */
const OF_ALL = ['apiVersion', 'kind', 'metadata'];

/**
 * Reads what is posted to a part of an object and has no schema of its own. A field that nobody reads is no secret: a
 * misspelt one would say something else than was meant. As for objects, clients are warned, or refused where they ask
 * for it (KEP-2885).
 * @throws StatusError BadRequest in strict validation; as readObject
 */
export async function readPosted(
  { c }: ResourceRequest,
  fieldValidation: FieldValidation,
  { fields, ...body }: PostedBody,
): Promise<unknown> {
  const findDuplicates = fieldValidation !== 'Ignore';
  const { value, duplicateFields = [] } = await readWritten(c, { ...body, protobuf: false, findDuplicates });
  const known = new Set([...OF_ALL, ...fields]);
  const unknown = Object.keys(fieldsOf(value)).filter((name) => !known.has(name));
  const problems = strictProblems(unknown, { fieldValidation, duplicateFields });
  if (problems.length > 0 && fieldValidation === 'Strict') {
    throw badRequest(`strict decoding error: ${problems.join(', ')}`);
  }
  setWarnings(c, problems);
  return value;
}
