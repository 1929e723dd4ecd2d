import type { User } from './user.ts';

/** The action of a request, as rules of access see it (apiserver pkg/authorization/authorizer Attributes). */
export interface Attributes {
  /** get, list, watch, create, update, patch, delete, deletecollection; the lower-case method for other paths. */
  verb: string;
  /** Of a request; '' in a question about a resource that is no request. */
  path: string;
  /** Absent for a path that names no resource. */
  resource: ResourceAttributes | undefined;
}

export interface ResourceAttributes {
  group: string;
  version: string;
  plural: string;
  /** '' for the object itself. */
  subresource: string;
  /** '' for all namespaces and for cluster-scoped resources. A Namespace is in itself, so that its admins may see it. */
  namespace: string;
  /** '' for a collection, unless a field selector leaves one name. */
  name: string;
  /** As they stand in the URL of a list, watch or deletecollection. */
  fieldSelector?: string;
  labelSelector?: string;
}

export interface Decision {
  /** `no opinion`: another authorizer may allow it; a request that nobody allows is refused. */
  verdict: 'allow' | 'deny' | 'no opinion';
  /** For people; '' when there is nothing to say. */
  reason: string;
}

/** Says whether a user may do something. It rejects only when it cannot tell. */
export interface Authorizer {
  authorize(user: User, attributes: Attributes): Promise<Decision>;
  /**
   * Why the rules that roles give to the user do not tell all that this authorizer decides for him; absent, or empty,
   * where they do (RulesFor in apiserver pkg/authorization/authorizer, which calls such a list incomplete).
   */
  whyNotListed?(user: User): readonly string[];
}

/** One of several, with a name for the reasons that it gives. */
export interface NamedAuthorizer {
  name: string;
  authorizer: Authorizer;
}

/**
 * Asks one authorizer after the other until one allows or denies (apiserver pkg/authorization/union). Without an
 * opinion the reasons of all of them are kept, a line each, behind their names. One that fails is passed over while
 * another may still decide; its error rejects when nobody does.
 */
export function createUnionAuthorizer(authorizers: readonly NamedAuthorizer[]): Authorizer {
  return {
    async authorize(user, attributes) {
      const reasons: string[] = [];
      const failures: unknown[] = [];
      for (const { name, authorizer } of authorizers) {
        try {
          const decision = await authorizer.authorize(user, attributes);
          if (decision.verdict !== 'no opinion') return decision;
          if (decision.reason !== '') reasons.push(`${name}: ${decision.reason}`);
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, 'an authorizer failed');
      return { verdict: 'no opinion', reason: reasons.join('\n') };
    },
    whyNotListed(user) {
      return authorizers.flatMap(({ authorizer }) => authorizer.whyNotListed?.(user) ?? []);
    },
  };
}
