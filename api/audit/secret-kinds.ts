import type { Attributes } from '../machinery/users/authorizer.ts';

/** Kubernetes' own whose objects, or answers, are or hold secrets: `PLURAL[/PART][.GROUP]`. */
const SECRET_KINDS: ReadonlySet<string> = new Set([
  'secrets',
  'serviceaccounts/token',
  'tasks/webhooks.agent.wecode.io',
  'tokenreviews.authentication.k8s.io',
]);

/**
 * Whether a request is for objects with secrets. A mask would not do: a patch, an answer that says what is wrong with a
 * field, or an annotation may hold a secret in places that no rule knows. `others` says it of all other kinds, by
 * `PLURAL[.GROUP]`.
 */
export function holdsSecretsAs(others: (resource: string) => boolean): (attributes: Attributes) => boolean {
  return ({ resource }) => {
    if (resource === undefined) return false;
    const { plural, subresource, group } = resource;
    const suffix = group === '' ? '' : `.${group}`;
    const kind = `${plural}${suffix}`;
    return SECRET_KINDS.has(kind) || SECRET_KINDS.has(`${plural}/${subresource}${suffix}`) || others(kind);
  };
}
