import type { Unstructured } from '../../machinery/meta.ts';
import type { User } from '../../machinery/users/user.ts';
import type { RegistryContext } from '../context.ts';
import type { Resource } from '../resource.ts';
import { localSubjectAccessReview, selfSubjectAccessReview, subjectAccessReview } from './access-review.ts';
import { selfSubjectReview } from './self-subject-review.ts';
import { selfSubjectRulesReview } from './self-subject-rules-review.ts';
import { tokenReview } from './token-review.ts';

/**
 * Answers an object of a kind that has no storage: a question, which comes back with its status. `object` is decoded
 * and has the types of its schema; its status does not come from the client. @throws StatusError Invalid
 */
export type Answer = (
  context: RegistryContext,
  user: User,
  object: Unstructured,
) => Promise<Unstructured> | Unstructured;

/** By group and plural; a definition with `virtual: true` needs an entry here. */
const ANSWERS: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['authentication.k8s.io/selfsubjectreviews', selfSubjectReview],
  ['authentication.k8s.io/tokenreviews', tokenReview],
  ['authorization.k8s.io/localsubjectaccessreviews', localSubjectAccessReview],
  ['authorization.k8s.io/selfsubjectaccessreviews', selfSubjectAccessReview],
  ['authorization.k8s.io/selfsubjectrulesreviews', selfSubjectRulesReview],
  ['authorization.k8s.io/subjectaccessreviews', subjectAccessReview],
]);

/** @throws Error for a kind that is declared without storage and has no answer */
export function answerOf({ group, plural }: Resource): Answer {
  const answer = ANSWERS.get(`${group}/${plural}`);
  if (answer === undefined) throw new Error(`${plural}.${group} has no storage, and nobody answers for it`);
  return answer;
}
