import type { Authorizer, Decision } from '../machinery/users/authorizer.ts';
import { READ_ONLY_EXTRA } from '../types/account.ts';

const NO_OPINION: Decision = { verdict: 'no opinion', reason: '' };

const READING_ONLY = 'the API key is for reading only';
const READING_VERBS = new Set(['get', 'head', 'list', 'options', 'watch']);
const INTERACTIVE = new Set(['attach', 'exec', 'portforward', 'proxy']);
/** They answer a question, and keep nothing. */
const REVIEW_GROUPS = new Set(['authentication.k8s.io', 'authorization.k8s.io']);

/** An API key that was made for reading does nothing else, whatever its User may do. Comes before all that allow. */
export const readOnlyKeysMayRead: Authorizer = {
  async authorize({ extra }, { verb, resource }) {
    if (extra?.[READ_ONLY_EXTRA] === undefined) return NO_OPINION;
    // Such a connection begins with a GET, and goes on with whatever is typed.
    const isInteractive = INTERACTIVE.has(resource?.subresource ?? '');
    if (READING_VERBS.has(verb) && !isInteractive) return NO_OPINION;
    if (verb === 'create' && resource !== undefined && REVIEW_GROUPS.has(resource.group)) return NO_OPINION;
    return { verdict: 'deny', reason: READING_ONLY };
  },
  whyNotListed: ({ extra }) => (extra?.[READ_ONLY_EXTRA] === undefined ? [] : [READING_ONLY]),
};
