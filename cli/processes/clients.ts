import type { Command } from 'commander';
import { addExecutorFlags, executorSettings } from './flags/executor-flags.ts';
import type { ExecutorFlags } from './flags/executor-flags.ts';
import { addClientFlags, defaultDataDir } from './flags/flags.ts';
import type { ClientFlags } from './flags/flags.ts';
import { addHealthFlag } from './flags/health-flags.ts';
import type { HealthFlags } from './flags/health-flags.ts';
import { addJoinFlags } from './joining/join-flags.ts';
import type { JoinFlags } from './joining/join-flags.ts';
import { addLeaderElectionFlags, leaderElectionOf } from './flags/leader-election-flags.ts';
import type { LeaderElectionFlags } from './flags/leader-election-flags.ts';
import { addExecutorGraceFlag } from './flags/executor-grace-flag.ts';
import type { ExecutorGraceFlag } from './flags/executor-grace-flag.ts';
import { runObserved } from './observed-process.ts';
import { runControllers, runExecutorManager } from './parts.ts';
import { watchProcess } from './watched-process.ts';

type ControllersFlags = ClientFlags & HealthFlags & LeaderElectionFlags & ExecutorGraceFlag;

/** `troupe controllers`: the controllers alone, against any API server that has the CRDs. */
export function registerControllers(program: Command): void {
  const command = program.command('controllers').description('run the controllers');
  addExecutorGraceFlag(addLeaderElectionFlags(addHealthFlag(addClientFlags(command), 'controllers')));
  command.action(async (flags: ControllersFlags) => {
    const observed = { ...flags, service: 'troupe-controllers' };
    process.exitCode = await runObserved(observed, async (telling, lifetime) => {
      const leaderElection = leaderElectionOf(flags);
      const watched = await watchProcess({ ...flags, ...telling }, lifetime);
      const { meter } = watched;
      const health = await runControllers({ ...flags, leaderElection, meter, ...telling }, lifetime);
      watched.started(health);
      process.stdout.write(`troupe controllers ready${watched.at}\n`);
    });
  });
}

interface ExecutorManagerFlags extends ClientFlags, HealthFlags, ExecutorFlags, JoinFlags {
  dataDir: string;
}

/** `troupe executor-manager`: one executor, on the machine whose engine runs the sandboxes. */
export function registerExecutorManager(program: Command): void {
  const command = program
    .command('executor-manager')
    .description('run sandboxes on this machine')
    .option(
      '--data-dir <dir>',
      'folder for the key of the sandboxes and the process driver',
      defaultDataDir(),
    );
  addHealthFlag(addExecutorFlags(addJoinFlags(addClientFlags(command))), 'executor-manager');
  command.action(async (flags: ExecutorManagerFlags) => {
    const observed = { ...flags, service: 'troupe-executor-manager' };
    process.exitCode = await runObserved(observed, async (telling, lifetime) => {
      const watched = await watchProcess({ ...flags, ...telling }, lifetime);
      const health = await runExecutorManager(
        { ...flags, joining: flags, settings: executorSettings(flags), meter: watched.meter, ...telling },
        lifetime,
      );
      watched.started(health);
      process.stdout.write(`troupe executor-manager ready${watched.at}\n`);
    });
  });
}
