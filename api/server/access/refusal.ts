import type { Attributes } from '../../machinery/users/authorizer.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { qualifiedResource } from '../../machinery/group-version-kind.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';

/** The error for a refused request, in the words of kube-apiserver (endpoints/handlers/responsewriters ForbiddenStatusError). */
export function refusal(user: User, attributes: Attributes, reason = ''): StatusError {
  const { resource } = attributes;
  const why = reason === '' ? '' : `: ${reason}`;
  const text = `${subjectOf(attributes)}forbidden: User ${goQuote(user.name)} cannot ${wishOf(attributes)}`;
  return new StatusError('Forbidden', withoutMarkup(text) + why, {
    details:
      resource === undefined ? {} : { name: resource.name, group: resource.group, kind: resource.plural },
  });
}

function subjectOf({ resource }: Attributes): string {
  if (resource === undefined) return '';
  const name = resource.name === '' ? '' : ` ${goQuote(resource.name)}`;
  return `${qualifiedResource(resource)}${name} is `;
}

function wishOf({ verb, path, resource }: Attributes): string {
  if (resource === undefined) return `${verb} path ${goQuote(path)}`;
  const { group, plural, subresource, namespace } = resource;
  const full = subresource === '' ? plural : `${plural}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${goQuote(namespace)}`;
  return `${verb} resource ${goQuote(full)} in API group ${goQuote(group)} ${where}`;
}

/** A browser must not take the text for HTML. */
const withoutMarkup = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
