import { readFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { Connection } from '#api/client/connect';
import { silentLogger } from '#api/machinery/logger';
import type { SyncOptions } from '#sync/main';
import type { CliContext } from '../context.ts';
import { CliError } from '../error-text.ts';
import { createLogger } from '../logger.ts';
import { connect, withSession } from '../session.ts';
import { runUntilSignal } from './lifetime.ts';
import type { Lifetime } from './lifetime.ts';
import { endpointOf } from './parts.ts';
import { addSyncFlags, checkSyncFlags, nameOfSource, syncSpec } from './flags/sync-flags.ts';
import type { SyncFlags } from './flags/sync-flags.ts';

/** `troupe sync`: keeps objects as a repository has them, without a cluster. */
export function registerSync(program: Command, context: CliContext): void {
  const command = program
    .command('sync')
    .description('keep objects as the manifests of a git repository or a folder have them (GitOps)')
    .argument(
      '[name]',
      'the one Sync to work on; without it, and without -f, all that name a ServiceAccount',
    );
  addSyncFlags(command).action(async (name: string | undefined, flags: SyncFlags) => {
    if (flags.once === true) {
      await withSession(context, flags, ({ connection }) => once({ flags, name, connection }, context));
      return;
    }
    const logger = createLogger(flags.logLevel);
    process.exitCode = await runUntilSignal(logger, async (lifetime) => {
      const connection = await connect(context, flags);
      lifetime.add({ name: 'sync connection', stop: () => connection.close() });
      const options = await optionsOf({ flags, name, connection }, context);
      await loop({ ...options, logger, signal: lifetime.signal }, lifetime);
    });
  });
}

interface Asked {
  flags: SyncFlags;
  name: string | undefined;
  connection: Connection;
}

/** The Syncs to work on; that of `-f` is made, or made to fit the flags. */
async function scopeOf({ flags, name, connection }: Asked): Promise<Pick<SyncOptions, 'scope' | 'spec'>> {
  const namespace = flags.namespace ?? connection.namespace;
  const { from } = flags;
  if (from === undefined) {
    if (name !== undefined) return { scope: { namespace, name } };
    return { scope: flags.allNamespaces === true ? {} : { namespace } };
  }
  const { declareSync } = await import('#sync/declare-sync');
  const scope = { namespace, name: flags.name ?? nameOfSource(from) };
  const spec = syncSpec({ ...flags, from });
  await declareSync(connection.client, { ...scope, spec });
  return { scope, spec };
}

async function optionsOf(asked: Asked, context: CliContext): Promise<Omit<SyncOptions, 'logger'>> {
  const { flags, name, connection } = asked;
  const { transport, server } = connection;
  checkSyncFlags(flags, name);
  const { readSyncConfig } = await import('#sync/config');
  const given = await givenCredential(flags);
  return {
    transport,
    ...(await scopeOf(asked)),
    config: readSyncConfig(process.env),
    identity: `${hostname()}_${randomUUID()}`,
    controlPlane: [endpointOf(server)],
    onRound: (sync, outcome) => context.stdout.write(roundText(sync, outcome)),
    ...(given === undefined ? {} : { given }),
    ...(flags.webhookAddress === undefined ? {} : { webhookAddress: flags.webhookAddress }),
  };
}

async function givenCredential(flags: SyncFlags): Promise<SyncOptions['given']> {
  const { tokenFile, sshKeyFile, knownHostsFile, username = 'git' } = flags;
  if (tokenFile === undefined && sshKeyFile === undefined) return undefined;
  const read = async (file: string): Promise<string> => (await readFile(file, 'utf8')).trim();
  const knownHosts = knownHostsFile === undefined ? {} : { knownHosts: await read(knownHostsFile) };
  const sshKey =
    sshKeyFile === undefined ? {} : { sshKey: { privateKey: await read(sshKeyFile), ...knownHosts } };
  const credentialName = tokenFile ?? sshKeyFile ?? '';
  return {
    ...(tokenFile === undefined ? {} : { credential: { username, password: await read(tokenFile) } }),
    identity: { credentialName, ...sshKey },
  };
}

async function loop(options: SyncOptions, lifetime: Lifetime): Promise<void> {
  const { startSync } = await import('#sync/main');
  const sync = await startSync(options);
  lifetime.add({ name: 'sync', stop: () => sync.stop() });
  lifetime.endWith(sync.broken);
  const webhooks = sync.webhooks === undefined ? '' : `, webhooks at ${sync.webhooks}`;
  process.stdout.write(`troupe sync ready${webhooks}\n`);
}

/** One round. @throws CliError when it fails */
async function once(asked: Asked, context: CliContext): Promise<void> {
  const options = await optionsOf(asked, context);
  const { syncOnce } = await import('#sync/main');
  const { namespace, name } = options.scope;
  if (namespace === undefined || name === undefined) throw new CliError('--once is for one Sync');
  const interrupted = new AbortController();
  const forget = context.onInterrupt(() => interrupted.abort(new CliError('interrupted')));
  try {
    const one = { ...options, scope: { namespace, name }, logger: silentLogger, signal: interrupted.signal };
    const outcome = await syncOnce(one);
    if ('failure' in outcome) throw new CliError(`${outcome.failure.reason}: ${outcome.failure.message}`);
  } finally {
    forget();
  }
}

type RoundArguments = Parameters<NonNullable<SyncOptions['onRound']>>;

/** Each object that changed, and the sum. */
function roundText({ metadata }: RoundArguments[0], outcome: RoundArguments[1]): string {
  const who = `sync.agent.wecode.io/${metadata.name}`;
  if ('failure' in outcome) return `${who} failed: ${outcome.failure.reason}: ${outcome.failure.message}\n`;
  const { applied, pruned, revision } = outcome;
  const lines = applied
    .filter(({ change }) => change !== 'unchanged')
    .map(
      ({ member, change }) =>
        `${member.kind.toLowerCase()}${member.group === '' ? '' : `.${member.group}`}/${member.name} ${change}`,
    );
  const unchanged = applied.length - lines.length;
  const text = [...lines, ...pruned.map((name) => `${name} pruned`)];
  return `${[...text, `${who} applied ${revision}: ${text.length} changed, ${unchanged} unchanged`].join('\n')}\n`;
}
