import { runReflector } from '#api/client/reflector';
import type { KubeObject } from '#api/machinery/meta';
import { objectKey } from '#api/machinery/meta';
import type { ObjectRef, ResourceType } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import type { Session } from './session.ts';

export interface WaitOptions {
  object: { resource: ResourceType; ref: ObjectRef };
  /** Called with the object at each change; undefined when it is not there. */
  until: (object: KubeObject | undefined) => boolean;
  /** Milliseconds; negative: for ever. */
  timeoutMs: number;
}

/**
 * Watches one object until `until` holds: true, or false when the time is up. Outlives restarts of the server.
 * @throws StatusError Forbidden for a user who may not list and watch it: asking again would not help
 */
export async function waitUntil(session: Session, options: WaitOptions): Promise<boolean> {
  const { resource, ref } = options.object;
  const key = objectKey(ref);
  const done = new AbortController();
  let met = false;
  let refused: unknown;
  const check = (object: KubeObject | undefined): void => {
    if (met || !options.until(object)) return;
    met = true;
    done.abort();
  };
  const cancel =
    options.timeoutMs < 0
      ? () => undefined
      : session.context.clock.after(options.timeoutMs, () => done.abort());
  try {
    await runReflector({
      client: session.connection.client,
      type: resource,
      signal: done.signal,
      clock: session.context.clock,
      ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
      fieldSelector: `metadata.name=${ref.name}`,
      onError: (error) => {
        if (!isStatusError(error, 'Forbidden')) return;
        refused = error;
        done.abort();
      },
      target: {
        replace: (objects) => check(objects.find(({ metadata }) => objectKey(metadata) === key)),
        apply: (type, object) => check(type === 'DELETED' ? undefined : object),
      },
    });
  } finally {
    cancel();
  }
  if (refused !== undefined) throw refused;
  return met;
}
