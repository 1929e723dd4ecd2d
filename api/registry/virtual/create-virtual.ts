import { invalid } from '../../machinery/status-error.ts';
import { trackUpdate } from '../../structured-merge/field-manager.ts';
import { runMutating, runValidating } from '../admission/admission.ts';
import type { RegistryContext } from '../context.ts';
import { shownObject } from '../reading/api-object.ts';
import type { CreateRequest, WriteResult } from '../requests.ts';
import { decodeObject } from '../write/decode.ts';
import { checkFieldManager, managedWrite } from '../write/field-management.ts';
import { placedIn } from '../write/write-target.ts';
import { answerOf } from './virtual-kind.ts';

/**
 * A create of a kind without storage: read, admitted and judged as any other (write/write-path.ts),
 * then answered. A dry run asks the same.
 * @throws StatusError BadRequest, Invalid; Forbidden from admission
 */
export async function createVirtual(context: RegistryContext, request: CreateRequest): Promise<WriteResult> {
  const { resource, namespace, user, dryRun } = request;
  checkFieldManager('CreateOptions', request);
  const { object: decoded, warnings } = decodeObject(resource, request.body, request);
  const { status: _answered, ...question } = decoded;
  const managed = { resource, subresource: undefined, options: request, live: undefined };
  const placed = placedIn(resource, namespace, question);
  const tracked = trackUpdate({ ...managedWrite(context, managed), next: placed });
  const attributes = { resource, namespace, name: '', subresource: undefined, user, dryRun } as const;
  const operation = { ...attributes, operation: 'CREATE', previous: undefined } as const;
  const object = await runMutating(context.admission, { ...operation, object: tracked });
  const problems = resource.compiled.validate(object, undefined, []);
  if (problems.length > 0) throw invalid(resource, '', problems);
  await runValidating(context.admission, { ...operation, object });
  const answer = await answerOf(resource)(context, user, object);
  return { object: shownObject(answer), created: true, warnings };
}
