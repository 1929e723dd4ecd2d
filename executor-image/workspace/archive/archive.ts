import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { removeTree } from '#agent-folders/remove-tree';
import { HOME_FOLDER, OWN_FOLDER, hasKeptFiles } from '../agent-room.ts';
import { EntryRules } from './entry-rules.ts';
import { TarFilter, endsArchive } from './tar-filter.ts';
import { BLOCK } from './tar-header.ts';

/** Where an archive is unpacked before it takes the place of what is there. */
const ARRIVING = '.arriving';

/** Neither is the work of the agent. */
const LEFT_BEHIND = [`--exclude=./${ARRIVING}`, `--exclude=./${HOME_FOLDER}`];

export interface ArchiveOptions {
  /** Folder of the runtime's workspace. */
  workspace: string;
  /** Of the program tar. */
  environment: Record<string, string>;
}

/** A file with holes takes the room that it takes on the disk, which is what a workspace is limited by; bsdtar needs no word. */
const HOLES = process.platform === 'linux' ? ['--sparse'] : [];

/**
 * The whole workspace as a tar archive: history, index and branches of a repository, and every file, ignored ones too,
 * but for the agent's HOME. Undefined when there is nothing in it. The stream fails when tar does not come to its end; a file that cannot be read
 * is left out.
 */
export async function packWorkspace(options: ArchiveOptions): Promise<AsyncIterable<Buffer> | undefined> {
  const { workspace } = options;
  const names = (await namesIn(workspace)).filter((name) => name !== ARRIVING);
  const isEmpty =
    names.every((name) => name === OWN_FOLDER) && !(names.length > 0 && (await hasKeptFiles(workspace)));
  return isEmpty ? undefined : pack(options);
}

async function* pack({ workspace, environment }: ArchiveOptions): AsyncGenerator<Buffer, void, undefined> {
  const tar = startTar(['--create', '--format=pax', ...HOLES, ...LEFT_BEHIND, '.'], {
    folder: workspace,
    environment,
  });
  tar.child.stdin.end();
  let tail: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of tar.child.stdout as AsyncIterable<Buffer>) {
      tail = chunk.length >= BLOCK ? chunk : Buffer.concat([tail, chunk]).subarray(-BLOCK);
      yield chunk;
    }
    const ended = await tar.ended;
    // It goes on after a file that it cannot read, says so by its code, and writes the end. One that was killed may
    // have been in the middle of a file of zeros.
    if (tar.child.signalCode !== null || !endsArchive(tail))
      throw new Error(`tar did not come to its end: ${ended}`);
  } finally {
    tar.child.kill('SIGKILL');
    await tar.ended;
  }
}

export interface UnpackOptions extends ArchiveOptions {
  archive: AsyncIterable<Buffer>;
  /** Most bytes that its files may have. */
  limitBytes: number;
}

/**
 * Replaces what is in the workspace by what is in the archive, when all of it was unpacked. The archive is not trusted:
 * see EntryRules. Throws an Error that says why it is refused or cannot be unpacked; the workspace is then as it was.
 * @returns how many entries were left out
 */
export async function unpackWorkspace(options: UnpackOptions): Promise<number> {
  const { workspace, environment, archive, limitBytes } = options;
  const arriving = path.join(workspace, ARRIVING);
  await removeTree(arriving);
  await mkdir(arriving, { recursive: true });
  try {
    const filter = new TarFilter(new EntryRules(limitBytes, ARRIVING));
    const tar = startTar(['--extract', '--preserve-permissions', '--no-same-owner'], {
      folder: arriving,
      environment,
    });
    await feed(tar, () => pipeline(archive, filter, tar.child.stdin));
    await replaceBy(arriving, workspace);
    return filter.leftOut;
  } finally {
    await removeTree(arriving);
  }
}

/** Says what was wrong with the archive, or else with tar. */
async function feed(tar: Tar, write: () => Promise<void>): Promise<void> {
  tar.child.stdout.resume();
  const wrote = await write().then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  const tarClosed = wrote?.code === 'EPIPE' || wrote?.code === 'ERR_STREAM_PREMATURE_CLOSE';
  if (wrote !== undefined && !tarClosed) tar.child.kill('SIGKILL');
  const ended = await tar.ended;
  if (wrote !== undefined && !(tarClosed && ended !== undefined)) throw wrote;
  if (ended !== undefined) throw new Error(`tar failed: ${ended}`);
}

async function replaceBy(arriving: string, workspace: string): Promise<void> {
  for (const name of await readdir(workspace)) {
    if (name !== ARRIVING) await removeTree(path.join(workspace, name));
  }
  for (const name of await readdir(arriving)) {
    await move(path.join(arriving, name), path.join(workspace, name));
  }
}

/** Only who may write to a folder may move it: its entry `..` changes. */
async function move(from: string, to: string): Promise<void> {
  const found = await lstat(from);
  if (!found.isDirectory()) return rename(from, to);
  await chmod(from, found.mode | 0o700);
  await rename(from, to);
  await chmod(to, found.mode & 0o7777);
}

interface Tar {
  child: ReturnType<typeof spawnTar>;
  /** Undefined when it ended well, else why not. Never rejects. */
  ended: Promise<string | undefined>;
}

function startTar(args: string[], where: { folder: string; environment: Record<string, string> }): Tar {
  const child = spawnTar(args, where);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (words: string) => (said = (said + words).slice(-4096)));
  // The code of its exit says more than its closed pipe.
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close').then(
    ([code, signal]) => (code === 0 ? undefined : said.trim().split('\n')[0] || howEnded(code, signal)),
    (error: unknown) => (error as Error).message,
  );
  return { child, ended };
}

function howEnded(code: number | null, signal: string | null): string {
  return signal === null ? `it exited with code ${code}` : `it was ended by the signal ${signal}`;
}

function spawnTar(args: string[], where: { folder: string; environment: Record<string, string> }) {
  return spawn('tar', ['--file=-', ...args], {
    cwd: where.folder,
    // COPYFILE_DISABLE: macOS would add files of its own.
    env: { ...where.environment, LC_ALL: 'C', COPYFILE_DISABLE: '1' },
    stdio: 'pipe',
  });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
