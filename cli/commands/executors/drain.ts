import type { Command } from 'commander';
import { findCondition } from '#api/machinery/condition';
import type { Condition } from '#api/machinery/condition';
import { TROUPE_GROUP } from '#api/machinery/group-version-kind';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import type { CliContext } from '../../context.ts';
import { parseDuration } from '../../duration.ts';
import { CliError } from '../../error-text.ts';
import { addServerFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { waitUntil } from '../../wait-until.ts';
import { executorNameOf } from './executor-name.ts';

/** The fields of an Executor that are looked at here. */
interface Executor extends KubeObject {
  status?: { conditions?: Condition[] };
}

const EXECUTORS: ResourceType<Executor> = {
  group: TROUPE_GROUP,
  version: 'v1alpha1',
  kind: 'Executor',
  plural: 'executors',
  namespaced: false,
};

interface DrainFlags extends ConnectionFlags {
  gracePeriod: number;
  timeout: number;
}

/** `troupe cordon`, `uncordon` and `drain`: take an Executor out of service, and back. Each is one patch of its spec. */
export function register(program: Command, context: CliContext): void {
  const command = (name: string, description: string): Command =>
    addServerFlags(
      program.command(name).description(description).argument('<executor>', 'NAME of the Executor'),
    );
  command('cordon', 'bind no further Sandbox to an Executor').action((name: string, flags: ConnectionFlags) =>
    withSession(context, flags, (session) =>
      change(session, name, { spec: { unschedulable: true }, done: 'cordoned' }),
    ),
  );
  command('uncordon', 'bind Sandboxes to an Executor again').action((name: string, flags: ConnectionFlags) =>
    withSession(context, flags, (session) =>
      change(session, name, { spec: { unschedulable: null, drain: null }, done: 'uncordoned' }),
    ),
  );
  command('drain', 'let an Executor become empty; what still runs then is stopped and tried elsewhere')
    .option('--grace-period <time>', 'how long runs may go on', parseDuration, 10 * 60_000)
    .option('--timeout <time>', 'how long to wait; 0 not to wait, negative for ever', parseDuration, -1)
    .action((name: string, flags: DrainFlags) =>
      withSession(context, flags, (session) => drain(session, name, flags)),
    );
}

async function change(
  { connection, print }: Session,
  executor: string,
  { spec, done }: { spec: Record<string, unknown>; done: string },
): Promise<void> {
  const name = executorNameOf(executor);
  await connection.client.patch(EXECUTORS, { name }, { type: 'merge', body: { spec } });
  print(`executor.agent.wecode.io/${name} ${done}`);
}

/** @throws CliError when it is not empty in time; it goes on becoming so */
async function drain(session: Session, executor: string, flags: DrainFlags): Promise<void> {
  const gracePeriodSeconds = Math.round(flags.gracePeriod / 1000);
  await change(session, executor, {
    spec: { unschedulable: true, drain: { gracePeriodSeconds } },
    done: 'is being drained',
  });
  if (flags.timeout === 0) return;
  const name = executorNameOf(executor);
  const isEmpty = await waitUntil(session, {
    object: { resource: EXECUTORS, ref: { name } },
    until: (object) => object === undefined || isDrained(object),
    timeoutMs: flags.timeout,
  });
  if (!isEmpty) throw new CliError(`executor ${name} still has Sandboxes; it goes on to become empty`);
  session.print(`executor.agent.wecode.io/${name} drained`);
}

function isDrained({ status }: Executor): boolean {
  return findCondition(status?.conditions, 'Drained')?.status === 'True';
}
