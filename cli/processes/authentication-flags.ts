import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { ApiAuthentication } from '#api/config';

/** Flags of kube-apiserver that turn on ways to log in. */
export interface AuthenticationFlags {
  clientCaFile?: string;
  requestheaderClientCaFile?: string;
  requestheaderAllowedNames: string[];
  requestheaderUsernameHeaders: string[];
  requestheaderUidHeaders: string[];
  requestheaderGroupHeaders: string[];
  requestheaderExtraHeadersPrefix: string[];
}

export function addAuthenticationFlags(command: Command): Command {
  return command
    .option(
      '--client-ca-file <file>',
      'authorities, in PEM, whose client certificates log users in (none)',
      (file: string) => resolve(file),
    )
    .option(
      '--requestheader-client-ca-file <file>',
      'authorities, in PEM, that sign for proxies who have logged users in (none)',
      (file: string) => resolve(file),
    )
    .option(
      '--requestheader-allowed-names <names>',
      'common names of the certificates of proxies (any)',
      names,
      [],
    )
    .option('--requestheader-username-headers <names>', 'who it is', headers, ['X-Remote-User'])
    .option('--requestheader-uid-headers <names>', 'with which uid', headers, ['X-Remote-Uid'])
    .option('--requestheader-group-headers <names>', 'in which groups', headers, ['X-Remote-Group'])
    .option('--requestheader-extra-headers-prefix <prefixes>', 'with what else', headers, [
      'X-Remote-Extra-',
    ]);
}

/** What the flags say. */
export function authenticationOf(flags: AuthenticationFlags): ApiAuthentication {
  const { clientCaFile, requestheaderClientCaFile } = flags;
  return {
    ...(clientCaFile === undefined ? {} : { clientCAFile: clientCaFile }),
    ...(requestheaderClientCaFile === undefined
      ? {}
      : { frontProxy: frontProxyOf(flags, requestheaderClientCaFile) }),
  };
}

function frontProxyOf(
  flags: AuthenticationFlags,
  clientCAFile: string,
): NonNullable<ApiAuthentication['frontProxy']> {
  return {
    clientCAFile,
    allowedNames: flags.requestheaderAllowedNames,
    headers: {
      username: flags.requestheaderUsernameHeaders,
      uid: flags.requestheaderUidHeaders,
      group: flags.requestheaderGroupHeaders,
      extraPrefix: flags.requestheaderExtraHeadersPrefix,
    },
  };
}

const names = (text: string): string[] => text.split(',').map((name) => name.trim());

function headers(text: string): string[] {
  const list = names(text);
  if (list.every((name) => /^[A-Za-z0-9-]+$/.test(name))) return list;
  throw new InvalidArgumentError('expected names of headers, parted by commas, such as X-Remote-User');
}
