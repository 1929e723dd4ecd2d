import type { Attributes } from '../../machinery/users/authorizer.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { invalid, toStatusError } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import type { RegistryContext } from '../context.ts';
import { localProblems, metadataProblems, specProblems, subjectProblems } from './access-review-problems.ts';
import type { Spec, SubjectSpec } from './access-review-problems.ts';

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
  const problems = [
    ...localProblems(spec, review.metadata.namespace),
    ...metadataProblems(review, 'must be empty except for namespace'),
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
