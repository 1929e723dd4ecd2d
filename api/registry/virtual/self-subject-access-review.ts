import type { Attributes } from '../../machinery/authorizer.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { invalid, toStatusError } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/user.ts';
import { invalidValue } from '../../structural-schema/field-error.ts';
import type { RegistryContext } from '../context.ts';

interface Spec {
  resourceAttributes?: {
    namespace?: string;
    verb?: string;
    group?: string;
    version?: string;
    resource?: string;
    subresource?: string;
    name?: string;
    fieldSelector?: { rawSelector?: string };
    labelSelector?: { rawSelector?: string };
  };
  nonResourceAttributes?: { path?: string; verb?: string };
}

/**
 * Whether the client may do something, by the rules that judge its requests: `kubectl auth can-i` (kube-apiserver
 * registry/authorization/selfsubjectaccessreview). Requirements of selectors that are given in parsed form are not
 * looked at: they could only narrow the question, and without them the answer is that for all objects.
 */
export async function selfSubjectAccessReview(
  { authorizer }: Pick<RegistryContext, 'authorizer'>,
  user: User,
  review: Unstructured,
): Promise<Unstructured> {
  const spec = (review['spec'] ?? {}) as Spec;
  const { managedFields, ...metadata } = review.metadata;
  const causes = [...specProblems(spec), ...metadataProblems(metadata)];
  // Upstream's text leaves the kind out, too.
  if (causes.length > 0) throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', causes);
  const { apiVersion, kind } = review;
  // Reviews have no name.
  const shown = { ...(managedFields && { managedFields }) } as Unstructured['metadata'];
  const status = await statusOf({ authorizer }, user, attributesOf(spec));
  return { apiVersion, kind, metadata: shown, spec, status };
}

function specProblems({ resourceAttributes, nonResourceAttributes }: Spec): StatusCause[] {
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    return [invalidValue('spec.resourceAttributes', null, detail)];
  }
  if (resourceAttributes === undefined || nonResourceAttributes === undefined) return [];
  const detail = 'cannot be specified in combination with resourceAttributes';
  return [invalidValue('spec.nonResourceAttributes', nonResourceAttributes, detail)];
}

function metadataProblems(metadata: object): StatusCause[] {
  const isEmpty = Object.values(metadata).every((value) => value === undefined || value === '');
  return isEmpty ? [] : [invalidValue('metadata', metadata, 'must be empty')];
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: Spec): Attributes {
  if (resourceAttributes === undefined) {
    const { verb = '', path = '' } = nonResourceAttributes ?? {};
    return { verb, path, resource: undefined };
  }
  const { verb = '', group = '', version = '', resource: plural = '' } = resourceAttributes;
  const { subresource = '', namespace = '', name = '' } = resourceAttributes;
  const fieldSelector = resourceAttributes.fieldSelector?.rawSelector;
  const labelSelector = resourceAttributes.labelSelector?.rawSelector;
  const resource = {
    group,
    version,
    plural,
    subresource,
    namespace,
    name,
    ...(fieldSelector !== undefined && { fieldSelector }),
    ...(labelSelector !== undefined && { labelSelector }),
  };
  return { verb, path: '', resource };
}

async function statusOf(
  { authorizer }: Pick<RegistryContext, 'authorizer'>,
  user: User,
  attributes: Attributes,
): Promise<object> {
  try {
    const { verdict, reason } = await authorizer.authorize(user, attributes);
    return {
      allowed: verdict === 'allow',
      ...(verdict === 'deny' && { denied: true }),
      ...(reason !== '' && { reason }),
    };
  } catch (error) {
    return { allowed: false, evaluationError: toStatusError(error).message };
  }
}
