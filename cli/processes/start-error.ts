import { hostAndPort } from '#api/machinery/host-port';
import { CliError } from '../error-text.ts';
import type { ApiFlags } from './flags/flags.ts';

const PATH_PROBLEMS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  ENOENT: 'it is not there and cannot be made',
  EEXIST: 'there is a file of that name',
  ENOTDIR: 'a part of its path is a file',
};

/** What link(2) says on a file system that has no hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

const ADDRESS_PROBLEMS: Record<string, string> = {
  EADDRINUSE: 'another process listens there already',
  EADDRNOTAVAIL: 'it is no address of this machine',
  EACCES: 'permission denied; ports below 1024 are for root',
  ENOTFOUND: 'the name of the host is unknown',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
};

interface StartFlags extends Pick<ApiFlags, 'listen'> {
  dataDir?: string;
}

/** Says which flag helps when the data folder or the address cannot be used; other errors come back as they are. */
export function explainStartError(error: unknown, flags: StartFlags): unknown {
  if (!(error instanceof Error)) return error;
  const { code = '', syscall = '', path } = error as NodeJS.ErrnoException;
  if (syscall === 'listen' || syscall === 'getaddrinfo') {
    const { host, port } = flags.listen;
    const where = hostAndPort(host, port);
    const why = ADDRESS_PROBLEMS[code] ?? error.message;
    return new CliError(`cannot listen on ${where}: ${why}; choose another address with --listen`);
  }
  const { dataDir } = flags;
  const within = dataDir !== undefined && path !== undefined;
  if (!within || !(path.startsWith(dataDir) || dataDir.startsWith(path))) return error;
  const problem = PATH_PROBLEMS[code] ?? error.message;
  const why = syscall === 'link' && NO_LINKS.has(code) ? 'its file system has no hard links' : problem;
  return new CliError(
    `cannot use the data folder ${dataDir} (${syscall} ${path}): ${why}; choose another with --data-dir`,
  );
}
