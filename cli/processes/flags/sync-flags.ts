import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { SyncSpec } from '#sync/declare-sync';
import { parseDuration } from '../../duration.ts';
import { CliError } from '../../error-text.ts';
import { toPath } from './flag-values.ts';
import { addClientFlags, parseListen } from './flags.ts';
import type { ClientFlags } from './flags.ts';

export interface SyncFlags extends ClientFlags {
  namespace?: string;
  allNamespaces?: boolean;
  from?: string;
  name?: string;
  path?: string;
  branch?: string;
  interval?: number;
  timeout?: number;
  once?: boolean;
  prune?: boolean;
  wait?: boolean;
  forceConflicts?: boolean;
  serviceAccount?: string;
  secret?: string;
  webhookSecret?: string;
  webhookAddress?: { host: string; port: number };
  username?: string;
  tokenFile?: string;
  sshKeyFile?: string;
  knownHostsFile?: string;
}

export function addSyncFlags(command: Command): Command {
  return addClientFlags(command)
    .option('-n, --namespace <name>', 'namespace of the Syncs')
    .option('-A, --all-namespaces', 'the Syncs of all namespaces')
    .option(
      '-f, --from <source>',
      'a git repository (https://, ssh://, git://, file://, user@host:path) or a folder',
    )
    .option('--name <name>', 'with -f: name of the Sync; that of the repository when absent')
    .option('--path <folder>', 'with -f: folder of the repository with the manifests')
    .option('--branch <ref>', 'with -f: branch, tag or whole commit id; HEAD of the repository when absent')
    .option('--interval <duration>', 'with -f: how often to look (1m)', parseSeconds)
    .option('--timeout <duration>', 'with -f: how long objects may take to be ready (5m)', parseSeconds)
    .option('--prune', 'with -f: delete what this Sync has applied and the repository no longer has')
    .option('--wait', 'with -f: ready only when all objects are')
    .option('--force-conflicts', 'with -f: take over fields that others have set by hand')
    .option('--service-account <name>', 'with -f: apply as this ServiceAccount of the namespace')
    .option('--secret <name>', 'with -f: Secret of the namespace with the credential for the repository')
    .option('--webhook-secret <name>', 'with -f: Secret whose key token signs webhooks')
    .option('--token-file <file>', 'password or token for https, in place of a Secret', toPath)
    .option('--username <name>', 'user name beside --token-file')
    .option('--ssh-key-file <file>', 'private key for ssh, in place of a Secret', toPath)
    .option('--known-hosts-file <file>', 'the keys that hosts of ssh must have', toPath)
    .option('--webhook-address <host:port>', 'where to answer webhooks over HTTP', parseListen)
    .option('--once', 'one round; the exit code is 1 when it fails');
}

function parseSeconds(text: string): number {
  const seconds = parseDuration(text) / 1000;
  if (Number.isInteger(seconds) && seconds > 0) return seconds;
  throw new InvalidArgumentError('expected a duration of whole seconds, such as 30s or 5m');
}

/** Flags that make no sense without -f. */
const OF_SPEC = [
  ...['name', 'path', 'branch', 'interval', 'timeout', 'prune', 'wait', 'forceConflicts'],
  ...['serviceAccount', 'secret', 'webhookSecret'],
] as const;
/** Flags of one Sync only. */
const OF_ONE = ['once', 'username', 'tokenFile', 'sshKeyFile', 'knownHostsFile'] as const;

const flagOf = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** @throws CliError for flags that do not go together */
export function checkSyncFlags(flags: SyncFlags, name: string | undefined): void {
  const given = flags as unknown as Readonly<Record<string, unknown>>;
  const first = (names: readonly string[]): string | undefined =>
    names.find((one) => given[one] !== undefined);
  if (flags.from !== undefined && name !== undefined) {
    throw new CliError('name the Sync with --name when -f says where it comes from');
  }
  const ofSpec = flags.from === undefined ? first(OF_SPEC) : undefined;
  if (ofSpec !== undefined)
    throw new CliError(`${flagOf(ofSpec)} goes with -f; a Sync that is there has it in its spec`);
  const isOne = flags.from !== undefined || name !== undefined;
  const ofOne = isOne ? undefined : first(OF_ONE);
  if (ofOne !== undefined) throw new CliError(`${flagOf(ofOne)} goes with -f or the name of one Sync`);
  if (isOne && flags.allNamespaces === true) throw new CliError('-A goes with no name and no -f');
}

/** The spec that the flags ask for. */
export function syncSpec(flags: SyncFlags & { from: string }): SyncSpec {
  const { path: folder, branch, interval, timeout, prune, wait } = flags;
  const { forceConflicts, serviceAccount, secret, webhookSecret } = flags;
  return {
    source: {
      url: sourceURL(flags.from),
      ...(branch === undefined ? {} : { ref: branch }),
      ...(secret === undefined ? {} : { secretRef: { name: secret } }),
    },
    ...(folder === undefined ? {} : { path: folder }),
    ...(interval === undefined ? {} : { intervalSeconds: interval }),
    ...(timeout === undefined ? {} : { timeoutSeconds: timeout }),
    ...(prune === undefined ? {} : { prune }),
    ...(wait === undefined ? {} : { wait }),
    ...(forceConflicts === undefined ? {} : { forceConflicts }),
    ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
    ...(webhookSecret === undefined ? {} : { webhook: { secretRef: { name: webhookSecret } } }),
  };
}

/** Everything that is no address is a path. */
function sourceURL(from: string): string {
  const isAddress = from.includes('://') || /^[A-Za-z0-9_.+-]+@[A-Za-z0-9.-]+:/.test(from);
  return isAddress ? from : pathToFileURL(path.resolve(from)).href;
}

/** The name of the repository, as a name of an object. */
export function nameOfSource(from: string): string {
  const last =
    from
      .replace(/[/\\]+$/, '')
      .split(/[/\\:]/)
      .at(-1) ?? '';
  const name = last
    .replace(/\.git$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63);
  if (name !== '') return name;
  throw new CliError(`--name is needed: ${JSON.stringify(from)} has none`);
}
