import type { Tracer } from '#api/machinery/tracing/tracer';
import type { Task } from '#api/types/generated/task';
import { traceOf } from '#api/types/trace';

/**
 * Records the span of a Task that has just ended: from its creation on, whichever process has seen that. One that goes on
 * afterwards, with words of a person say, is recorded again when it ends again. `now` in milliseconds since the epoch.
 */
export function recordTask(tracer: Tracer, written: Task, now: number): void {
  const { status } = written;
  const trace = traceOf(written, tracer);
  if (trace === undefined) return;
  const { namespace, name, uid } = written.metadata;
  tracer.record('task', {
    context: trace.own,
    parent: trace.parent,
    startedAt: trace.madeAt,
    endedAt: now,
    attributes: {
      'k8s.namespace.name': namespace,
      'troupe.task.name': name,
      'troupe.task.uid': uid,
      'troupe.task.status': status?.status,
      'troupe.team.name': written.spec.teamRef?.name,
      'troupe.tokens': status?.budget?.tokens,
      'troupe.cost_usd': status?.budget?.costUSD,
    },
    failure: status?.status === 'FAILED' ? 'FAILED' : undefined,
  });
}
