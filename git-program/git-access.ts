import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Where a repository is. */
export interface GitAddress {
  /** Without user and password. */
  url: string;
  /** For http and https. */
  credential?: { username: string; password: string };
}

/** How somebody shows who he is, where the address has no password. */
export interface GitIdentity {
  /** For ssh. */
  sshKey?: { privateKey: string; knownHosts?: string };
  /** The credential for people, such as `Secret "ns/name"`. */
  credentialName?: string;
}

/** How git gets at the repository; what it needs for that is gone when this is disposed of. */
export interface GitAccess extends AsyncDisposable {
  /** Options of git, before its command. */
  args: readonly string[];
  env: Record<string, string>;
  /** Says for people which credential is used; absent without one. */
  credential?: string;
  /** The text without the credential. */
  clean(text: string): string;
}

export interface AccessOptions {
  address: GitAddress;
  repository: GitIdentity;
  /** Folder for a key file, which the agent's programs are not told of. */
  folder: string;
}

/** No helper of anybody else is asked. */
const NO_HELPER = ['-c', 'credential.helper='];

export async function openAccess(options: AccessOptions): Promise<GitAccess> {
  const { address, repository } = options;
  if (isSSH(address.url) && repository.sshKey !== undefined) return sshAccess(options, repository.sshKey);
  const none = {
    args: NO_HELPER,
    env: {},
    clean: (text: string) => text,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return isHTTP(address.url) && address.credential !== undefined
    ? { ...none, ...passwordAccess(address.url, address.credential, repository) }
    : none;
}

/**
 * The credential as a helper in git's configuration: a shell function that reads it from git's own environment. Nothing
 * is written to a file, and no program has to be run from the state folder, which may be mounted noexec. It is for the
 * one server: a submodule, or a repository that names another server for its large files, gets nothing.
 */
function passwordAccess(
  url: string,
  { username, password }: { username: string; password: string },
  { credentialName }: GitIdentity,
): Pick<GitAccess, 'args' | 'env' | 'credential' | 'clean'> {
  const helper =
    '!f() { test "$1" = get || exit 0; printf "username=%s\\npassword=%s\\n" "$TROUPE_GIT_USERNAME" "$TROUPE_GIT_PASSWORD"; }; f';
  return {
    args: [...NO_HELPER, '-c', `credential.${new URL(url).origin}.helper=${helper}`],
    env: { TROUPE_GIT_USERNAME: username, TROUPE_GIT_PASSWORD: password },
    credential: credentialName ?? 'the URL',
    clean: (text) =>
      password === ''
        ? text
        : text.replaceAll(password, '[redacted]').replaceAll(encodeURIComponent(password), '[redacted]'),
  };
}

/**
 * ssh takes a key from a file only. The command that git hands to a shell is always the same; the paths in it are read
 * from the environment.
 */
const SSH_COMMAND =
  'ssh -F /dev/null -i "$TROUPE_SSH_KEY" -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes ' +
  '-o ConnectTimeout=15 -o "UserKnownHostsFile=$TROUPE_SSH_KNOWN_HOSTS" -o "StrictHostKeyChecking=$TROUPE_SSH_CHECKING"';

async function sshAccess(
  { repository, folder }: AccessOptions,
  { privateKey, knownHosts }: NonNullable<GitIdentity['sshKey']>,
): Promise<GitAccess> {
  const own = await mkdtemp(path.join(folder, 'ssh-'));
  const [key, hosts] = [path.join(own, 'key'), path.join(own, 'known_hosts')];
  // ssh refuses a key without its last line break, and one with those of Windows.
  await writeFile(key, `${privateKey.replaceAll('\r\n', '\n').trim()}\n`, { mode: 0o600 });
  await writeFile(hosts, knownHosts === undefined ? '' : `${knownHosts}\n`, { mode: 0o600 });
  return {
    args: NO_HELPER,
    env: {
      GIT_SSH_COMMAND: SSH_COMMAND,
      // ssh_config(5), TOKENS and UserKnownHostsFile: a percent sign begins a token, and white space ends a name.
      TROUPE_SSH_KEY: key.replaceAll('%', '%%'),
      TROUPE_SSH_KNOWN_HOSTS: `"${hosts.replaceAll('%', '%%')}"`,
      TROUPE_SSH_CHECKING: knownHosts === undefined ? 'accept-new' : 'yes',
    },
    credential: repository.credentialName ?? 'the SSH key',
    clean: (text) => text,
    [Symbol.asyncDispose]: () => rm(own, { recursive: true, force: true }),
  };
}

const isHTTP = (url: string): boolean => /^https?:/i.test(url);

/** Also `user@host:path`. */
const isSSH = (url: string): boolean => !url.includes('://') || /^ssh:/i.test(url);
