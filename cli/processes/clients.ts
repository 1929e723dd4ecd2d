import type { Command } from 'commander';
import { createLogger } from '../logger.ts';
import { addClientFlags, addDriverFlag, defaultDataDir } from './flags.ts';
import type { ClientFlags } from './flags.ts';
import { runUntilSignal } from './lifetime.ts';
import { runControllers, runExecutorManager } from './parts.ts';

/** `troupe controllers`: the controllers alone, against any API server that has the CRDs. */
export function registerControllers(program: Command): void {
  const command = program.command('controllers').description('run the controllers');
  addClientFlags(command).action(async (flags: ClientFlags) => {
    const logger = createLogger(flags.logLevel);
    process.exitCode = await runUntilSignal(logger, async (lifetime) => {
      await runControllers({ ...flags, logger }, lifetime);
      process.stdout.write('troupe controllers ready\n');
    });
  });
}

interface ExecutorManagerFlags extends ClientFlags {
  driver: 'auto' | 'docker' | 'process';
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
  addDriverFlag(addClientFlags(command)).action(async (flags: ExecutorManagerFlags) => {
    const logger = createLogger(flags.logLevel);
    process.exitCode = await runUntilSignal(logger, async (lifetime) => {
      await runExecutorManager({ ...flags, logger }, lifetime);
      process.stdout.write('troupe executor-manager ready\n');
    });
  });
}
