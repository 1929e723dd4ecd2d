import { fieldsOf } from '../../machinery/json/json.ts';
import { tooLong } from '../../structural-schema/field-error.ts';
import type { Strategy } from './strategy.ts';

/** Every request of a User's session looks at the User in memory: clients keep there what they need, and no files. */
const MAX_PREFERENCES_BYTES = 32 * 1024;

/** The rules that the schema of a User cannot state. */
export const userStrategy: Strategy = {
  validate(user) {
    const { preferences } = fieldsOf(user['spec']);
    const size = preferences === undefined ? 0 : Buffer.byteLength(JSON.stringify(preferences));
    return size > MAX_PREFERENCES_BYTES ? [tooLong('spec.preferences', MAX_PREFERENCES_BYTES)] : [];
  },
};
