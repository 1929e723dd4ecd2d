import { fieldsOf } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { invalidValue, tooLong } from '../../structural-schema/field-error.ts';
import { RESERVED_USER_NAMES } from '../../types/account.ts';
import type { Strategy } from './strategy.ts';

/** Every request of a User's session looks at the User in memory: clients keep there what they need, and no files. */
const MAX_PREFERENCES_BYTES = 32 * 1024;

/** The rules that the schema of a User cannot state. */
export const userStrategy: Strategy = {
  /** To be disabled ends sessions and API keys for good, whichever request does it: they are of an earlier count. */
  prepareForUpdate(user, previous) {
    if (isKeptOut(previous) || !isKeptOut(user)) return user;
    return { ...user, status: { ...fieldsOf(user['status']), timesDisabled: countOf(previous) + 1 } };
  },
  /** The count is the server's alone: an older one would bring sessions back. */
  prepareForStatusUpdate(user, previous) {
    const { timesDisabled: _asked, ...status } = fieldsOf(user['status']);
    const timesDisabled = countOf(previous);
    if (timesDisabled === 0 && user['status'] === undefined) return user;
    return { ...user, status: { ...status, ...(timesDisabled === 0 ? {} : { timesDisabled }) } };
  },
  validate(user, previous) {
    return [...nameProblems(user, previous), ...preferenceProblems(user)];
  },
};

function isKeptOut(user: Unstructured): boolean {
  const { disabled, pending } = fieldsOf(user['spec']);
  return disabled === true || pending === true;
}

function countOf(user: Unstructured): number {
  const { timesDisabled } = fieldsOf(user['status']);
  return typeof timesDisabled === 'number' ? timesDisabled : 0;
}

/** Users that are there already stay. */
function nameProblems(
  { metadata: { name } }: Unstructured,
  previous: Unstructured | undefined,
): StatusCause[] {
  if (previous !== undefined || !RESERVED_USER_NAMES.has(name)) return [];
  return [invalidValue('metadata.name', name, 'is a name that the server uses itself')];
}

function preferenceProblems(user: Unstructured): StatusCause[] {
  const { preferences } = fieldsOf(user['spec']);
  const size = preferences === undefined ? 0 : Buffer.byteLength(JSON.stringify(preferences));
  return size > MAX_PREFERENCES_BYTES ? [tooLong('spec.preferences', MAX_PREFERENCES_BYTES)] : [];
}
