import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { LeaderElectionSettings } from '#controllers/main';
import { parseDuration } from '../../duration.ts';
import { CliError } from '../../error-text.ts';

/** Named as those of kube-controller-manager. */
export interface LeaderElectionFlags {
  leaderElect: boolean;
  leaderElectLeaseDuration: number;
  leaderElectRenewDeadline: number;
  leaderElectRetryPeriod: number;
  leaderElectResourceName: string;
  leaderElectResourceNamespace: string;
}

/** `default` is the one namespace that every cluster has. */
const DEFAULT_LEASE = { namespace: 'default', name: 'troupe-controllers' };

export function addLeaderElectionFlags(command: Command): Command {
  return command
    .option(
      '--leader-elect [boolean]',
      'wait until this process leads before its controllers work; false to work whoever else does',
      parseBoolean,
      true,
    )
    .addOption(
      duration(
        '--leader-elect-lease-duration',
        'how long the others wait for a leader that is silent',
      ).default(15_000, '15s'),
    )
    .addOption(
      duration(
        '--leader-elect-renew-deadline',
        'how long a leader that cannot renew its lease goes on',
      ).default(10_000, '10s'),
    )
    .addOption(duration('--leader-elect-retry-period', 'time between two tries').default(2000, '2s'))
    .option(
      '--leader-elect-resource-name <name>',
      'the Lease that decides; the same for all who take part',
      DEFAULT_LEASE.name,
    )
    .option(
      '--leader-elect-resource-namespace <namespace>',
      'the namespace of the Lease',
      DEFAULT_LEASE.namespace,
    );
}

/**
 * @param identity by default one that no other process has, now or later, in the form of client-go's
 * @returns undefined for controllers that work whoever else does
 * @throws CliError for times that client-go does not take either
 */
export function leaderElectionOf(
  flags: LeaderElectionFlags,
  identity = `${hostname()}_${randomUUID()}`,
): LeaderElectionSettings | undefined {
  if (!flags.leaderElect) return undefined;
  const leaseDuration = flags.leaderElectLeaseDuration;
  const renewDeadline = flags.leaderElectRenewDeadline;
  const retryPeriod = flags.leaderElectRetryPeriod;
  if (leaseDuration <= renewDeadline) {
    throw new CliError('--leader-elect-lease-duration must be longer than --leader-elect-renew-deadline');
  }
  if (renewDeadline <= 1.2 * retryPeriod) {
    throw new CliError(
      '--leader-elect-renew-deadline must be longer than 1.2 times --leader-elect-retry-period',
    );
  }
  const lease = { namespace: flags.leaderElectResourceNamespace, name: flags.leaderElectResourceName };
  return { lease, identity, times: { leaseDuration, renewDeadline, retryPeriod } };
}

function duration(flag: string, description: string): Option {
  return new Option(`${flag} <duration>`, description).argParser(parseTime);
}

function parseBoolean(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('expected true or false');
}

function parseTime(text: string): number {
  const ms = parseDuration(text);
  if (ms >= 100 && ms <= 3_600_000) return ms;
  throw new InvalidArgumentError('expected a duration of 100ms to 1h');
}
