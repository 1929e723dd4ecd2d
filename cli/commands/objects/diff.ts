import type { Command } from 'commander';
import type { KubeObject } from '#api/machinery/meta';
import { discover } from '../../api-resource.ts';
import { applyObject } from '../../apply-object.ts';
import type { CliContext } from '../../context.ts';
import { CliError } from '../../error-text.ts';
import { readManifests } from '../../manifests.ts';
import { effectiveText, unifiedDiff } from '../../revisions/effective-text.ts';
import type { ObjectChange } from '../../revisions/masked.ts';
import { diffText } from '../../revisions/object-diff.ts';
import { keyOf, readEffective } from '../../revisions/read-effective.ts';
import type { ReadObjects } from '../../revisions/read-effective.ts';
import {
  CLI_TEAMS,
  nameOf,
  newestUsed,
  revisionOf,
  teamHistory,
  teamsIn,
} from '../../revisions/team-history.ts';
import type { TeamRef } from '../../revisions/team-history.ts';
import { teamTarget } from '../../revisions/team-target.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { locate } from './apply.ts';

interface DiffFlags extends ConnectionFlags {
  filename?: string[];
  recursive?: boolean;
  revision?: string;
}

/** As of kubectl diff: 0 for no difference, 1 for some, more for a failure. */
const DIFFERENT = 1;
const FAILED = 2;

/** `troupe diff`: what an apply would change, and which agents a Team would then have. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('diff')
    .description(
      'show what manifests would change, agents of Teams included, or what a Team changed since a TaskRevision',
    )
    .argument('[target...]', 'team/NAME')
    .option('-f, --filename <path...>', 'file, folder or - for standard input')
    .option('-R, --recursive', 'folders within folders too')
    .option('--revision <name>', 'with team/NAME: the TaskRevision; that of its newest Task when absent');
  addConnectionFlags(command).action((words: string[], flags: DiffFlags) =>
    withSession(context, flags, async (session) => {
      try {
        return await diff(session, words, flags);
      } catch (error) {
        session.fail(error);
        return FAILED;
      }
    }),
  );
}

async function diff(session: Session, words: readonly string[], flags: DiffFlags): Promise<number> {
  const { filename, recursive, revision } = flags;
  if ((filename === undefined) === (words.length === 0))
    throw new CliError('you must give either team/NAME or -f FILE');
  if (filename === undefined) return diffTeam(session, await teamTarget(session, words), revision);
  if (revision !== undefined) throw new CliError('--revision goes with team/NAME');
  return diffFiles(session, filename, recursive === true);
}

async function diffTeam(session: Session, team: TeamRef, wanted: string | undefined): Promise<number> {
  const { client } = session.connection;
  await client.get(CLI_TEAMS, team);
  const history = await teamHistory(client, team);
  const past = wanted === undefined ? newestUsed(history, team) : revisionOf(history, wanted);
  const now = await readEffective(team, { client, read: new Map() });
  if ('problem' in now) throw new CliError(now.problem);
  return show(session, [
    unifiedDiff(
      { name: `taskrevision/${nameOf(past)}`, text: effectiveText({ content: past.revision.spec }) },
      { name: `team/${team.name}`, text: effectiveText(now) },
    ),
  ]);
}

function show(session: Session, diffs: readonly string[]): number {
  for (const text of diffs) session.context.stdout.write(text);
  return diffs.some((text) => text !== '') ? DIFFERENT : 0;
}

async function diffFiles(session: Session, files: string[], recursive: boolean): Promise<number> {
  const manifests = await readManifests({ files, recursive, stdin: session.context.stdin });
  if (manifests.length === 0) throw new CliError('no objects passed to diff');
  const { transport } = session.connection;
  const resources = await discover(transport);
  const all: ObjectChange[] = [];
  for (const manifest of manifests) {
    if ('error' in manifest) throw manifest.error;
    const { object, resource } = locate(session, manifest, resources);
    const { before, after } = await applyObject(transport, { object, resource, dryRun: true });
    all.push({ resource, before, after });
  }
  return show(session, [...all.map(diffText), ...(await diffEffective(session, all))]);
}

/** Of each Team of the namespaces at hand: other ones have parts of others' only where those allow it, and are not searched. */
async function diffEffective(session: Session, all: readonly ObjectChange[]): Promise<string[]> {
  const { client } = session.connection;
  const changed = new Map<string, KubeObject>(
    all.map(({ resource, after }) => [keyOf(resource, after.metadata), after]),
  );
  const read: ReadObjects = new Map();
  const diffs: string[] = [];
  for (const team of await teamsTouched(session, all)) {
    const before = await readEffective(team, { client, read });
    const after = await readEffective(team, { client, read, changed });
    const isNew = read.get(keyOf(CLI_TEAMS, team)) === undefined;
    const shown = `team/${team.namespace}/${team.name}`;
    diffs.push(
      unifiedDiff(
        { name: `${shown} (effective now)`, text: effectiveText(isNew ? undefined : before) },
        { name: `${shown} (effective after)`, text: effectiveText(after) },
      ),
    );
  }
  return diffs;
}

async function teamsTouched(session: Session, all: readonly ObjectChange[]): Promise<TeamRef[]> {
  const objects = all.map(({ after }) => after);
  const namespaces = new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []));
  const there = await teamsIn(session.connection.client, [...namespaces]);
  const named = [...there, ...objects.filter(({ kind }) => kind === CLI_TEAMS.kind)];
  const refs = named.map(({ metadata: { namespace = '', name } }) => ({ namespace, name }));
  return [...new Map(refs.map((ref) => [keyOf(CLI_TEAMS, ref), ref])).values()];
}
