import { isStatusError } from '#api/machinery/status-error';
import type { Sandbox } from '#api/types/generated/sandbox';
import { persist } from '../back-off.ts';
import type { Runtime, RuntimeSpec } from '../drivers/driver.ts';
import { runtimeLimits } from './runtime-limits.ts';
import type { SandboxContext } from './context.ts';
import type { Place } from '../places/place.ts';
import { taskUID } from './task-uid.ts';

const PORT_TRIES = 5;

/**
 * Starts the container of a claimed Sandbox; waits for an engine that is away.
 * @throws StatusError when it cannot be started, as for an image that is not there.
 */
export async function startRuntime(
  context: SandboxContext,
  sandbox: Sandbox,
  how: { place: Place; port: number; signal: AbortSignal },
): Promise<Runtime> {
  const { clock, logger, driver } = context;
  const { signal } = how;
  let { port } = how;
  for (let tries = 1; ; tries += 1) {
    const spec = runtimeSpec(context, sandbox, port);
    try {
      const options = { clock, logger, signal, passing: isAway, what: 'start a sandbox' };
      return await persist(() => driver.start(spec), options);
    } catch (error) {
      if (!isStatusError(error, 'Conflict') || tries >= PORT_TRIES) throw error;
      logger.info('port in use, taking another one', { port });
      await driver.remove(spec.sandbox.uid);
      port = await how.place.changePort(signal);
    }
  }
}

/** An engine that answers with an error of its own fails the attempt: the user learns of it, and another is made. */
const isAway = (error: unknown): boolean => isStatusError(error, 'ServiceUnavailable');

function runtimeSpec(context: SandboxContext, sandbox: Sandbox, port: number): RuntimeSpec {
  const { metadata, spec } = sandbox;
  const uid = metadata.uid ?? '';
  return {
    sandbox: { namespace: metadata.namespace ?? 'default', name: metadata.name, uid },
    task: { name: spec.taskRef.name, uid: taskUID(sandbox) },
    port,
    tokenHash: context.tokenFor(uid).hash,
    ...(spec.shell.image === undefined ? {} : { image: spec.shell.image }),
    limits: runtimeLimits(spec),
  };
}
