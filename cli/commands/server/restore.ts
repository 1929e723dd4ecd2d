import { Option } from 'commander';
import type { Command } from 'commander';
import { backupText } from '../../backup-text.ts';
import type { CliContext } from '../../context.ts';
import { CliError, errorText } from '../../error-text.ts';

interface RestoreFlags {
  databaseUrl?: string;
  dataDir?: string;
  force?: boolean;
  dryRun?: boolean;
}

/** `troupe restore`: a backup into a database that no server has. */
export function register(program: Command, context: CliContext): void {
  program
    .command('restore')
    .description('put a backup into an empty database, while no server runs on it')
    .argument('<file>', 'what troupe backup wrote')
    .addOption(
      new Option('--database-url <url>', 'sqlite:PATH or mysql://USER:PASSWORD@HOST:PORT/DATABASE').env(
        'TROUPE_DATABASE_URL',
      ),
    )
    .option('--data-dir <dir>', 'SQLite in the data folder of a server')
    .option('--force', 'into a database that is not empty: what is in it is destroyed')
    .option('--dry-run', 'only read the backup and say what is in it')
    .action(async (file: string, flags: RestoreFlags) => {
      try {
        await restore(context, file, flags);
      } catch (error) {
        context.setExitCode(1);
        context.stderr.write(`${errorText(error)}\n`);
      }
    });
}

async function restore(context: CliContext, file: string, flags: RestoreFlags): Promise<void> {
  // Loaded here, not above: other commands must not pay for the database's modules.
  const { readBackupFile, readBackupSummary, restoreFile } = await import('#api/backup');
  if (flags.dryRun === true) {
    const facts = await readBackupSummary(readBackupFile(file));
    context.stdout.write(`${file}: ${backupText(facts)}\n`);
    return;
  }
  const restored = await restoreFile({
    file,
    to: targetOf(flags),
    clock: context.clock,
    ...(flags.force === true
      ? { onReplace: (content: string) => void context.stderr.write(`destroying ${content}\n`) }
      : {}),
  });
  context.stdout.write(
    `restored ${backupText(restored)}\n` +
      `numbers go on from ${restored.revision}: clients list anew. The keys and the identity of the servers are not ` +
      'in a backup: see docs/operations.md\n',
  );
}

/** A folder that is named is meant, whatever the environment says. */
function targetOf({ databaseUrl, dataDir }: RestoreFlags): { databaseURL: string } | { dataDir: string } {
  if (dataDir !== undefined) return { dataDir };
  if (databaseUrl === undefined || databaseUrl === '') {
    throw new CliError('say where to: --database-url or --data-dir');
  }
  return { databaseURL: databaseUrl };
}
