import { fieldsOf } from '../../machinery/json/json.ts';
import { isTask } from '../resource.ts';
import type { MutatingPlugin } from './admission.ts';

/**
 * Messages come by the subresource `messages` only, which needs a right of its own and notes who speaks. What another
 * write says of them does not count, so that a manifest which is applied again takes none away.
 */
export const taskMessages: MutatingPlugin = {
  name: 'TaskMessages',
  admit({ resource, subresource, operation, object, previous }) {
    if (!isTask(resource) || subresource !== undefined || operation === 'DELETE') return undefined;
    const { messages: _given, ...spec } = fieldsOf(object['spec']);
    const { messages } = fieldsOf(previous?.['spec']);
    return Promise.resolve({ ...object, spec: messages === undefined ? spec : { ...spec, messages } });
  },
};
