import { readFile } from 'node:fs/promises';
import { describeError } from '../machinery/logger.ts';
import { tooOpenMode } from './private-file.ts';

/** A file that an operator names, such as a key of a Secret that is mounted: it is read, and never made or changed. */
export interface MountedFile {
  /** The flag that names it, without its dashes. */
  flag: string;
  file: string;
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; where a Secret is mounted, it may lack this key',
  ENOTDIR: 'a part of its path is a file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied; in a Pod, securityContext.fsGroup lets its processes read a mounted Secret',
};

/** The text of a file that is no secret. @throws Error, for a person, that names the flag, the file and the cause */
export async function readMounted({ flag, file }: MountedFile): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.trim() !== '') return text;
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new Error(`--${flag} ${file}: ${PROBLEMS[code] ?? describeError(cause)}`, { cause });
  }
  throw new Error(`--${flag} ${file}: it is empty`);
}

/** As readMounted, for a file that others must not be able to read. */
export async function readMountedSecret(mounted: MountedFile): Promise<string> {
  const text = await readMounted(mounted);
  const mode = await tooOpenMode(mounted.file);
  if (mode === undefined) return text;
  const { flag, file } = mounted;
  throw new Error(
    `--${flag} ${file}: it is open to others (mode ${mode}): chmod 600 it; in a Pod, set defaultMode: 0440 and fsGroup`,
  );
}
