import type { Client } from '#api/client/client';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import type { ObjectRef } from '#api/machinery/resource-type';
import { isStatusError, StatusError } from '#api/machinery/status-error';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import { SANDBOXES } from '#api/types/resources';
import { isPassingOrRefused, retryUntilDone } from '../retry.ts';
import { isFinal } from './status.ts';

/** Writes one Sandbox's status, one write after the other, each checked against the version it was worked out from. */
export interface StatusWriter<S extends Sandbox = Sandbox> {
  /**
   * Writes what `change` makes of the newest state, as often as it takes.
   * Throws StatusError Gone when the Sandbox is gone or somebody else has ended it meanwhile: there is nothing left to do
   * for whoever runs it. Rejects with the signal's reason when it aborts.
   */
  write(change: (sandbox: S) => SandboxStatus, signal: AbortSignal): Promise<void>;
  /** The newest state known here. */
  latest(): S;
}

export interface StatusWriterOptions<S extends Sandbox> {
  client: Client;
  sandbox: S;
  clock: Clock;
  logger: Logger;
}

export const refOf = (object: { metadata: { namespace?: string; name: string } }): ObjectRef => ({
  name: object.metadata.name,
  ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
});

export function createStatusWriter<S extends Sandbox>(options: StatusWriterOptions<S>): StatusWriter<S> {
  const { client, clock, logger } = options;
  let latest = options.sandbox;
  let turn: Promise<unknown> = Promise.resolve();

  // The purpose of a Sandbox does not change.
  const same = (sandbox: Sandbox): S => sandbox as S;

  async function refresh(): Promise<void> {
    const fresh = await client.find(SANDBOXES, refOf(latest));
    if (fresh === undefined) throw gone('is gone');
    if (fresh.metadata.uid !== latest.metadata.uid) throw gone('was replaced by another one of its name');
    const wasFinal = isFinal(latest);
    latest = same(fresh);
    if (isFinal(fresh) && !wasFinal) throw gone(`was ended by somebody else (${fresh.status?.reason ?? ''})`);
  }

  async function attempt(change: (sandbox: S) => SandboxStatus): Promise<void> {
    for (;;) {
      try {
        latest = same(await client.updateStatus(SANDBOXES, { ...latest, status: change(latest) }));
        return;
      } catch (error) {
        if (isStatusError(error, 'NotFound')) throw gone('is gone');
        if (!isStatusError(error, 'Conflict')) throw error;
      }
      await refresh();
    }
  }

  return {
    latest: () => latest,
    write(change, signal) {
      const what = 'write the status of a Sandbox';
      const mine = turn.then(() =>
        retryUntilDone(() => attempt(change), {
          ...{ clock, logger, signal, what },
          isCurable: isPassingOrRefused,
        }),
      );
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

function gone(why: string): StatusError {
  return new StatusError('Gone', `the Sandbox ${why}`);
}
