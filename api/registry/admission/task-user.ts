import { fieldsOf } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { User } from '../../machinery/users/user.ts';
import { isTask } from '../resource.ts';
import type { MutatingPlugin } from './admission.ts';

/**
 * Notes on each Task who made it: what it may use is judged again as that user when it runs. A value that a client
 * writes there does not count, like spec.username of a CertificateSigningRequest (kubernetes
 * pkg/registry/certificates/certificates/strategy.go).
 */
export const taskUser: MutatingPlugin = {
  name: 'TaskUser',
  admit({ resource, subresource, operation, object, previous, user }) {
    if (!isTask(resource) || subresource !== undefined || operation === 'DELETE') return undefined;
    const noted = operation === 'CREATE' ? notedUser(user) : fieldsOf(previous['spec'])['user'];
    return Promise.resolve(withUser(object, noted));
  },
};

function notedUser({ name, uid, groups, extra = {} }: User): object {
  const ofUser = Object.entries(extra).filter(([key]) => !key.startsWith(OF_CREDENTIAL));
  return {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: [...groups],
    ...(ofUser.length === 0 ? {} : { extra: Object.fromEntries(ofUser) }),
  };
}

/** These tell of the token that was shown, not of its user; all who read Tasks would read them. */
const OF_CREDENTIAL = 'authentication.kubernetes.io/';

/** A Task of an earlier version has none. */
function withUser(task: Unstructured, noted: unknown): Unstructured {
  const { user: _given, ...spec } = fieldsOf(task['spec']);
  return { ...task, spec: noted === undefined ? spec : { ...spec, user: noted } };
}
