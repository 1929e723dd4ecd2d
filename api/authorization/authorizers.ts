import type { Authorizer, Decision } from '../machinery/authorizer.ts';
import { MASTERS_GROUP } from '../machinery/user.ts';

const ALLOW: Decision = { verdict: 'allow', reason: '' };
const NO_OPINION: Decision = { verdict: 'no opinion', reason: '' };

/** Those who own the service may do everything, without another look (apiserver authorizerfactory NewPrivilegedGroups). */
export const mastersMayDoEverything: Authorizer = {
  async authorize({ groups }) {
    return groups.includes(MASTERS_GROUP) ? ALLOW : NO_OPINION;
  },
};

/** The paths that a probe or a client that looks for a server needs (ClusterRole system:public-info-viewer). */
const PUBLIC_PATHS = /^\/(?:version\/?|(?:healthz|livez|readyz)(?:\/[^/]*)?)$/;
const READING_VERBS = new Set(['get', 'head']);

/** Everybody may see that the server is there, and its version. */
export const everybodyMaySeeHealth: Authorizer = {
  async authorize(_user, { verb, path, resource }) {
    const isPublic = resource === undefined && READING_VERBS.has(verb) && PUBLIC_PATHS.test(path);
    return isPublic ? ALLOW : NO_OPINION;
  },
};
