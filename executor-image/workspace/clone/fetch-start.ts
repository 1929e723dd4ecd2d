import { rm } from 'node:fs/promises';
import path from 'node:path';
import { RunFailure } from '../../run-failure.ts';
import { local, refused, remote } from './cloning.ts';
import type { Fetching } from './cloning.ts';
import { parseRemoteRefs } from './remote-refs.ts';
import type { RemoteRefs, StartPoint } from './remote-refs.ts';

/** Names of branches and tags take some fifty bytes each. */
const MOST_REF_BYTES = 64 * 1024 * 1024;

/** All branches and tags of the remote. Throws RunFailure CloneFailed. */
export async function remoteRefs(fetching: Fetching): Promise<RemoteRefs> {
  const args = ['ls-remote', '--quiet', '--heads', '--tags', '--', fetching.address.url];
  const output = await remote(fetching, args, {
    folder: path.dirname(fetching.half),
    mostBytes: MOST_REF_BYTES,
  });
  if (output.code !== 0) throw refused(fetching, output);
  return parseRemoteRefs(output.stdout);
}

const SHA1: readonly string[] = [];
const SHA256: readonly string[] = ['--object-format=sha256'];
const SHA256_LENGTH = 64;

function idOf(refs: RemoteRefs, start: StartPoint): string {
  return start.kind === 'commit' ? start.name : ([...refs.values()][0] ?? '');
}

/** An empty repository, in place of one with ids of another length. */
export async function initialize(fetching: Fetching, format: readonly string[] = SHA1): Promise<void> {
  const { half } = fetching;
  await rm(half, { recursive: true, force: true });
  const args = ['init', '--quiet', '--template=', ...format, '--', half];
  const made = await remote(fetching, args, { folder: path.dirname(half) });
  if (made.code !== 0) throw refused(fetching, made);
}

/** The same, for ids as long as those of the remote. */
export async function initializeFor(fetching: Fetching, refs: RemoteRefs, start: StartPoint): Promise<void> {
  if (idOf(refs, start).length === SHA256_LENGTH) await initialize(fetching, SHA256);
}

/** Fetches where the work begins, with as much history as is asked for. Throws RunFailure CloneFailed. */
export async function fetchStart(fetching: Fetching, start: StartPoint): Promise<void> {
  const { depth = 1, tags = false } = fetching.repository;
  if (start.kind === 'unborn') return;
  const options = [
    '--quiet',
    ...(depth === 0 ? [] : ['--depth', String(depth)]),
    tags ? '--tags' : '--no-tags',
  ];
  // By its address: the remote gets its name at the same time.
  const fetched = await remote(fetching, ['fetch', ...options, '--', fetching.address.url, refspec(start)]);
  if (fetched.code === 0) return;
  if (start.kind !== 'commit') throw refused(fetching, fetched);
  await fetchEverything(fetching, start.name);
}

function refspec(start: Exclude<StartPoint, { kind: 'unborn' }>): string {
  if (start.kind === 'commit') return start.name;
  return `+${start.ref}:${localName(start)}`;
}

/** The name, or id, that what was fetched has here. */
export function localName(start: Exclude<StartPoint, { kind: 'unborn' }>): string {
  switch (start.kind) {
    case 'branch':
      return `refs/remotes/origin/${start.name}`;
    case 'tag':
      return start.ref;
    case 'ref':
      return `refs/remotes/origin/${start.ref.replace(/^refs\//, '')}`;
    case 'commit':
      return start.name;
  }
}

/** For servers that give no commit by its id: it is in the history of some branch or tag. */
async function fetchEverything(fetching: Fetching, commit: string): Promise<void> {
  const all = ['fetch', '--quiet', '--tags', '--', fetching.address.url];
  const fetched = await remote(fetching, [...all, '+refs/heads/*:refs/remotes/origin/*']);
  if (fetched.code !== 0) throw refused(fetching, fetched);
  const found = await local(fetching, ['cat-file', '-e', `${commit}^{commit}`], true);
  if (found.code === 0) return;
  const message = `commit ${commit} does not exist in ${fetching.address.url}`;
  throw new RunFailure('CloneFailed', message);
}
