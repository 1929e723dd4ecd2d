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
