import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ProbeRequest } from '#executor-manager/protocol/probe';
import { InvalidPackage } from '#skill-packages/invalid-package';
import type { PackageFile } from '#skill-packages/package-file';
import { PACKAGE_LIMITS } from '#skill-packages/package-limits';
import { shownName } from '#skill-packages/path-rules';
import {
  fetchStart,
  initialize,
  initializeFor,
  localName,
  remoteRefs,
} from '../workspace/clone/fetch-start.ts';
import { local } from '../workspace/clone/cloning.ts';
import type { Fetching } from '../workspace/clone/cloning.ts';
import { openAccess } from '#git-program/git-access';
import { startPoint } from '../workspace/clone/remote-refs.ts';
import type { RemoteRefs, StartPoint } from '../workspace/clone/remote-refs.ts';
import { repositoryURL } from '../workspace/clone/repository-url.ts';
import { gitEnvironment, runGit } from '#git-program/git';
import { readContents, readTree, tooMany } from './git-tree.ts';

export interface GitSkillOptions {
  skill: NonNullable<ProbeRequest['skill']>;
  /** Where the repository may be while it is read. */
  folder: string;
  environment: Record<string, string>;
  signal: AbortSignal;
}

export interface GitSkill {
  /** The id of the commit. */
  commit: string;
  files: PackageFile[];
}

/**
 * The files of a skill in a repository, as the commit has them.
 * @throws RunFailure CloneFailed where git does not get them; InvalidPackage where they are refused; the signal's reason
 */
export async function fetchGitSkill({ skill, folder, ...rest }: GitSkillOptions): Promise<GitSkill> {
  const { repository, ref } = skill;
  const address = repositoryURL(repository);
  const home = await mkdtemp(path.join(folder, '.skill-'));
  try {
    await using access = await openAccess({ address, repository, folder: home });
    const source = { ...repository, ...(ref === undefined ? {} : { ref }) };
    const fetching: Fetching = {
      ...rest,
      address,
      repository: source,
      access,
      home,
      half: path.join(home, 'r'),
    };
    const commit = await fetchCommit(fetching);
    return { commit, files: await filesOf(fetching, commit, skill.path ?? '') };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function fetchCommit(fetching: Fetching): Promise<string> {
  const refs = await remoteRefs(fetching);
  const start = startOf(fetching, refs);
  await initialize(fetching);
  await initializeFor(fetching, refs, start);
  await fetchStart(fetching, start);
  const { stdout } = await local(fetching, ['rev-parse', '--verify', `${nameOf(start)}^{commit}`]);
  return stdout.trim();
}

function startOf({ repository: { ref }, address: { url } }: Fetching, refs: RemoteRefs): StartPoint {
  return ref === undefined
    ? { kind: 'ref', name: 'HEAD', ref: 'HEAD' }
    : startPoint(refs, { url, branch: ref, ref });
}

const nameOf = (start: StartPoint): string => (start.kind === 'unborn' ? 'HEAD' : localName(start));

/** Of a listing that is within the limits: a path, and an id, mode and size. */
const LISTING_BYTES = PACKAGE_LIMITS.files * (PACKAGE_LIMITS.pathBytes + 128);
/** Before each content: its id and size. */
const HEAD_BYTES = 128;

async function filesOf(fetching: Fetching, commit: string, folder: string): Promise<PackageFile[]> {
  const { half, home, environment, signal } = fetching;
  const git = { folder: half, env: gitEnvironment(environment, home), signal };
  const tree = `${commit}:${folder.replace(/^(?:\.?\/)+|\/+$/g, '')}`;
  const list = ['ls-tree', '-r', '-z', '--long', tree];
  const listed = await runGit(list, { ...git, mostBytes: LISTING_BYTES });
  if (listed.truncated) throw tooMany();
  if (listed.code !== 0) throw new InvalidPackage(`${shownName(folder)} is not a folder of the repository`);
  const entries = readTree(listed.stdout);
  const mostBytes = PACKAGE_LIMITS.totalBytes + entries.length * HEAD_BYTES;
  const input = entries.map(({ id }) => `${id}\n`).join('');
  const { bytes } = await runGit(['cat-file', '--batch'], { ...git, mostBytes, input });
  return readContents(bytes, entries);
}
