import type { Clock } from '../../machinery/clock.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { Tracer } from '../../machinery/tracing/tracer.ts';
import { traceAnnotations } from '../../types/trace.ts';
import { isTask } from '../resource.ts';
import type { MutatingPlugin } from './admission.ts';

/**
 * Notes the trace of the request with each new Task, so that what becomes of the Task is in the same one. What a client has
 * put there does not count: a Task that is copied from another one is not a part of its trace.
 */
export function taskTrace(tracer: Pick<Tracer, 'active'>, clock: Pick<Clock, 'now'>): MutatingPlugin {
  return {
    name: 'TaskTrace',
    admit(request) {
      const parent = tracer.active();
      const { operation, subresource, resource } = request;
      if (parent === undefined || operation !== 'CREATE' || subresource !== undefined || !isTask(resource))
        return undefined;
      const { metadata } = request.object;
      const annotations = { ...metadata.annotations, ...traceAnnotations(parent, clock.now()) };
      const stamped: Unstructured = { ...request.object, metadata: { ...metadata, annotations } };
      return Promise.resolve(stamped);
    },
  };
}
