import { fieldsOf } from '../../machinery/json/json.ts';
import { isTask } from '../resource.ts';
import type { MutatingPlugin } from './admission.ts';

/** Parts of the spec of a Task, each with a subresource of its own. */
const POSTED = ['events', 'messages'] as const;

/**
 * Messages and events come by the subresources of these names only, which need rights of their own and note who sends. What
 * another write says of them does not count, so that a manifest which is applied again takes none away.
 */
export const postedToTasks: MutatingPlugin = {
  name: 'PostedToTasks',
  admit({ resource, subresource, operation, object, previous }) {
    if (!isTask(resource) || operation === 'DELETE') return undefined;
    const kept = POSTED.filter((field) => field !== subresource);
    if (subresource !== undefined && kept.length === POSTED.length) return undefined;
    const given = Object.entries(fieldsOf(object['spec'])).filter(([field]) => !isIn(kept, field));
    const stored = Object.entries(fieldsOf(previous?.['spec'])).filter(([field]) => isIn(kept, field));
    return Promise.resolve({ ...object, spec: Object.fromEntries([...given, ...stored]) });
  },
};

const isIn = (fields: readonly string[], field: string): boolean => fields.includes(field);
