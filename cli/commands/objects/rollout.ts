import type { Command } from 'commander';
import { findCondition } from '#api/machinery/condition';
import type { Condition } from '#api/machinery/condition';
import type { KubeObject } from '#api/machinery/meta';
import type { CliContext } from '../../context.ts';
import { parseDuration } from '../../duration.ts';
import { CliError } from '../../error-text.ts';
import { readEffective } from '../../revisions/read-effective.ts';
import { changedLine } from '../../revisions/effective-text.ts';
import { CLI_TEAMS, nameOf, newestUsed, revisionOf, teamHistory } from '../../revisions/team-history.ts';
import type { CliTeam, PastRevision, TeamRef } from '../../revisions/team-history.ts';
import { teamTarget } from '../../revisions/team-target.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { alignLines } from '../../table.ts';
import { waitUntil } from '../../wait-until.ts';

interface UndoFlags extends ConnectionFlags {
  toRevision?: string;
  toLatest?: boolean;
}

interface StatusFlags extends ConnectionFlags {
  timeout: number;
}

/** `troupe rollout`: the configurations that a Team had, and the way back to one of them. */
export function register(program: Command, context: CliContext): void {
  const rollout = program.command('rollout').description('the configurations that a Team had');
  const withTarget = (name: string, description: string): Command =>
    addConnectionFlags(rollout.command(name).description(description).argument('<target...>', 'team/NAME'));
  withTarget('history', 'the TaskRevisions of a Team, the oldest first').action(
    (words: string[], flags: ConnectionFlags) =>
      withSession(context, flags, async (session) => showHistory(session, await teamTarget(session, words))),
  );
  withTarget('undo', 'pin a Team to an earlier TaskRevision')
    .option('--to-revision <name>', 'the TaskRevision; the one before the present configuration when absent')
    .option('--to-latest', 'unpin it: Tasks run with its members as they are now')
    .action((words: string[], flags: UndoFlags) =>
      withSession(context, flags, async (session) => undo(session, await teamTarget(session, words), flags)),
    );
  withTarget('status', 'wait until a Team is ready, and say what its Tasks run with')
    .option('--timeout <duration>', 'how long; 0 to look once, negative for ever', parseDuration, 30_000)
    .action((words: string[], flags: StatusFlags) =>
      withSession(context, flags, async (session) =>
        showStatus(session, await teamTarget(session, words), flags.timeout),
      ),
    );
}

async function showHistory(session: Session, team: TeamRef): Promise<void> {
  const { client } = session.connection;
  const { spec } = await client.get(CLI_TEAMS, team);
  const history = await teamHistory(client, team);
  newestUsed(history, team);
  const rows = history.map((one, index) => [
    nameOf(one),
    one.firstUsed,
    String(one.tasks),
    nameOf(one) === spec.revision ? 'yes' : '',
    changes(history[index - 1], one),
  ]);
  session.print(`team.agent.wecode.io/${team.name}`);
  session.context.stdout.write(
    alignLines([['REVISION', 'FIRST USED', 'TASKS', 'PINNED', 'CHANGES'], ...rows]),
  );
}

const changes = (before: PastRevision | undefined, after: PastRevision): string =>
  before === undefined ? '<none>' : changedLine(before.revision.spec, after.revision.spec);

async function undo(session: Session, team: TeamRef, flags: UndoFlags): Promise<void> {
  if (flags.toLatest === true && flags.toRevision !== undefined)
    throw new CliError('--to-latest and --to-revision exclude each other');
  const { client } = session.connection;
  const { metadata, spec } = await client.get(CLI_TEAMS, team);
  const shown = `team.agent.wecode.io/${team.name}`;
  const pin = flags.toLatest === true ? null : await chosen(session, team, { spec, flags });
  if (pin === (spec.revision ?? null)) {
    session.print(
      `${shown} skipped rollback (${pin === null ? 'it is not pinned' : `it is pinned to ${pin}`} already)`,
    );
    return;
  }
  // Bound to the version that the choice was made from.
  const body = { metadata: { resourceVersion: metadata.resourceVersion }, spec: { revision: pin } };
  await client.patch(CLI_TEAMS, team, { type: 'merge', body });
  session.print(
    pin === null
      ? `${shown} unpinned: Tasks made from now on run with its members as they are`
      : `${shown} rolled back: pinned to TaskRevision ${pin}; Tasks made from now on run with it\n` +
          `  troupe rollout undo team/${team.name} -n ${team.namespace} --to-latest    # unpins it`,
  );
}

async function chosen(
  session: Session,
  team: TeamRef,
  { spec, flags }: { spec: CliTeam['spec']; flags: UndoFlags },
): Promise<string> {
  const history = await teamHistory(session.connection.client, team);
  if (flags.toRevision !== undefined) return nameOf(revisionOf(history, flags.toRevision));
  const present = await presentContent(session, team);
  const pinned = history.findIndex((one) => nameOf(one) === spec.revision);
  const earlier = pinned === -1 ? history : history.slice(0, pinned);
  const found = earlier.findLast(({ revision }) => present === undefined || differs(present, revision.spec));
  if (found === undefined) throw new CliError(`no earlier revision found for team/${team.name}`);
  return nameOf(found);
}

/** Undefined for a Team that could not work as it is. */
async function presentContent(
  { connection: { client } }: Session,
  team: TeamRef,
): Promise<Record<string, unknown> | undefined> {
  const now = await readEffective(team, { client, read: new Map() });
  return 'content' in now ? now.content : undefined;
}

/** A Task may have had another Workspace with the same agents. */
function differs(present: Record<string, unknown>, spec: Record<string, unknown>): boolean {
  const { workspace: _, ...past } = spec;
  return changedLine(past, present) !== '';
}

type TeamWithStatus = KubeObject & { status?: { conditions?: Condition[] } };

async function showStatus(session: Session, team: TeamRef, timeoutMs: number): Promise<void> {
  await session.connection.client.get(CLI_TEAMS, team);
  let last: Condition | undefined;
  const isReady = await waitUntil(session, {
    object: { resource: CLI_TEAMS, ref: team },
    timeoutMs,
    until(object) {
      if (object === undefined) return true;
      last = readyOf(object);
      return last?.status === 'True';
    },
  });
  if (!isReady || last === undefined)
    throw new CliError(
      `team ${JSON.stringify(team.name)} is not ready: ${last?.message ?? 'no controller has looked at it'}`,
    );
  session.print(`team ${JSON.stringify(team.name)} successfully rolled out: ${last.message}`);
}

/** A condition of an older spec says nothing. */
function readyOf({ metadata, status }: TeamWithStatus): Condition | undefined {
  const condition = findCondition(status?.conditions, 'Ready');
  return condition?.observedGeneration === metadata.generation ? condition : undefined;
}
