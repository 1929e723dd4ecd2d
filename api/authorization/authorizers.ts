import type { Authorizer, Decision } from '../machinery/users/authorizer.ts';
import { AUTHENTICATED_GROUP, MASTERS_GROUP } from '../machinery/users/user.ts';

const ALLOW: Decision = { verdict: 'allow', reason: '' };
const NO_OPINION: Decision = { verdict: 'no opinion', reason: '' };

/** Those who own the service may do everything, without another look (apiserver authorizerfactory NewPrivilegedGroups). */
export const mastersMayDoEverything: Authorizer = {
  async authorize({ groups }) {
    return groups.includes(MASTERS_GROUP) ? ALLOW : NO_OPINION;
  },
};

/** A batch of manifests. */
const BATCH_PATHS = /^\/api\/v1\/namespaces\/[^/]+\/(?:apply|delete)\/?$/;

/** Whoever is logged in may send a batch: each manifest in it is judged by itself. */
export const everybodyMayBatch: Authorizer = {
  async authorize({ groups }, { verb, path, resource }) {
    if (resource !== undefined || !groups.includes(AUTHENTICATED_GROUP)) return NO_OPINION;
    return verb === 'post' && BATCH_PATHS.test(path) ? ALLOW : NO_OPINION;
  },
};
