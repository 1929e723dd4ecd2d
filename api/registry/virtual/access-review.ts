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

/** A question about somebody else says who that is. */
interface SubjectSpec extends Spec {
  user?: string;
  groups?: string[];
  uid?: string;
  extra?: Record<string, string[]>;
}

type Context = Pick<RegistryContext, 'authorizer'>;

/**
 * Whether the client may do something, by the rules that judge its requests: `kubectl auth can-i` (kube-apiserver
 * registry/authorization/selfsubjectaccessreview). Requirements of selectors that are given in parsed form are not
 * looked at: they could only narrow the question, and without them the answer is that for all objects.
 */
export async function selfSubjectAccessReview(
  context: Context,
  user: User,
  review: Unstructured,
): Promise<Unstructured> {
  const spec = (review['spec'] ?? {}) as Spec;
  const problems = [...specProblems(spec), ...metadataProblems(review, 'must be empty')];
  return answered(context, review, { user, spec, problems });
}

/** The same about any user: for services that leave to this one what their clients may do. */
export async function subjectAccessReview(
  context: Context,
  _client: User,
  review: Unstructured,
): Promise<Unstructured> {
  const spec = (review['spec'] ?? {}) as SubjectSpec;
  const problems = [...subjectProblems(spec), ...metadataProblems(review, 'must be empty')];
  return answered(context, review, { user: subjectOf(spec), spec, problems });
}

/** The same within one namespace, so that the right to ask can be given there alone. */
export async function localSubjectAccessReview(
  context: Context,
  _client: User,
  review: Unstructured,
): Promise<Unstructured> {
  const spec = (review['spec'] ?? {}) as SubjectSpec;
  const { resourceAttributes, nonResourceAttributes } = spec;
  const { namespace = '' } = review.metadata;
  const problems = [
    ...subjectProblems(spec),
    ...metadataProblems(review, 'must be empty except for namespace'),
    ...(resourceAttributes === undefined || (resourceAttributes.namespace ?? '') === namespace
      ? []
      : [
          invalidValue(
            'spec.resourceAttributes.namespace',
            resourceAttributes.namespace ?? '',
            'must match metadata.namespace',
          ),
        ]),
    ...(nonResourceAttributes === undefined
      ? []
      : [
          invalidValue(
            'spec.nonResourceAttributes',
            nonResourceAttributes,
            'disallowed on this kind of request',
          ),
        ]),
  ];
  return answered(context, review, { user: subjectOf(spec), spec, problems });
}

/** @throws StatusError Invalid */
async function answered(
  context: Context,
  { apiVersion, kind, metadata }: Unstructured,
  { user, spec, problems }: { user: User; spec: Spec; problems: StatusCause[] },
): Promise<Unstructured> {
  // Upstream's text leaves the kind out, too.
  if (problems.length > 0) throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', problems);
  const { managedFields, namespace } = metadata;
  // Reviews have no name.
  const shown = {
    ...(namespace !== undefined && { namespace }),
    ...(managedFields && { managedFields }),
  } as Unstructured['metadata'];
  const status = await statusOf(context, user, attributesOf(spec));
  return { apiVersion, kind, metadata: shown, spec, status };
}

function subjectOf({ user = '', groups = [], uid, extra }: SubjectSpec): User {
  return { name: user, groups, ...(uid !== undefined && { uid }), ...(extra && { extra }) };
}

function subjectProblems(spec: SubjectSpec): StatusCause[] {
  const { user = '', groups = [] } = spec;
  const isSomebody = user !== '' || groups.length > 0;
  const detail = 'at least one of user or group must be specified';
  return [...specProblems(spec), ...(isSomebody ? [] : [invalidValue('spec.user', user, detail)])];
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

/** The namespace is that of the URL. */
function metadataProblems({ metadata }: Unstructured, detail: string): StatusCause[] {
  const { managedFields: _ours, namespace: _ofUrl, ...rest } = metadata;
  const isEmpty = Object.values(rest).every((value) => value === undefined || value === '');
  return isEmpty ? [] : [invalidValue('metadata', rest, detail)];
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

async function statusOf({ authorizer }: Context, user: User, attributes: Attributes): Promise<object> {
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
