import type { Unstructured } from '../../machinery/meta.ts';
import { invalid } from '../../machinery/status-error.ts';
import { forbidden } from '../../structural-schema/field-error.ts';
import type { RegistryContext } from '../context.ts';
import type { Subresource, UserRequest } from '../requests.ts';
import type { Target } from '../resource.ts';
import type { Current } from '../write/current-object.ts';
import type { Decoded } from '../write/decode.ts';
import { redirectedCredentials } from './kept-credentials.ts';
import { maskedObject, mayHoldCredentials } from './masked-view.ts';
import { mayReveal } from './reveal.ts';
import { unmasked } from './unmask.ts';

type Context = Pick<RegistryContext, 'authorizer' | 'masking'>;

interface ChangeRequest extends UserRequest {
  target: Target;
  subresource?: Subresource | undefined;
}

/**
 * The state that a patch changes is the one that its client sees: otherwise a JSON patch could copy a credential to a
 * field that everybody reads, or test it for a value.
 */
export async function seenState(
  { authorizer, masking }: Context,
  { target, user }: ChangeRequest,
  { object }: Current,
): Promise<Unstructured> {
  const masked = maskedObject(masking.masks, target.resource, object);
  if (masked === object || (await mayReveal({ authorizer, masking }, user, target))) return object;
  return masked;
}

/**
 * The object that a client asks for, with the values that its masks stand for.
 * @throws StatusError Invalid: see unmasked and checkRedirected
 */
export async function withCredentials(
  context: Context,
  { request, current }: { request: ChangeRequest; current: Current },
  decoded: Decoded,
): Promise<Decoded> {
  const { target, subresource } = request;
  const { resource } = target;
  // A write of status changes nothing but status.
  const isWhole = subresource === undefined || WHOLE.has(subresource);
  if (!isWhole || !mayHoldCredentials(resource)) return decoded;
  const given = decoded.object;
  const stored = current.object;
  const next = unmasked(context.masking.masks, { resource, given, stored });
  await checkRedirected(context, request, { stored, given, next });
  return { ...decoded, object: next };
}

/** That of a message or an event hands in the whole Task as it was read. */
const WHOLE: ReadonlySet<string> = new Set(['events', 'messages']);

export interface CredentialChange {
  stored: Unstructured;
  /**
   * The content that the client sends, with masks: the object, the result of its patch, or the part that it applies.
   */
  given: Unstructured;
  /** The whole object that is asked for, without masks. */
  next: Unstructured;
}

/**
 * Refuses to send a credential elsewhere for a client that may not read it.
 * @throws StatusError Invalid, naming the fields of the credentials
 */
export async function checkRedirected(
  context: Context,
  { target, user }: ChangeRequest,
  change: CredentialChange,
): Promise<void> {
  const { resource, name } = target;
  const fields = redirectedCredentials({ resource, ...change });
  if (fields.length === 0 || (await mayReveal(context, user, target))) return;
  const causes = fields.map((field) => forbidden(field, REDIRECTED));
  throw invalid(resource, name, causes);
}

const REDIRECTED =
  'is kept while that changes which decides who gets it: give the value itself, or leave the change to somebody with ' +
  'the verb reveal';
