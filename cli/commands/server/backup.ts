import type { Command } from 'commander';
import { backupText } from '../../backup-text.ts';
import type { BackupFacts } from '../../backup-text.ts';
import type { CliContext } from '../../context.ts';
import { errorText } from '../../error-text.ts';
import { addServerFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { refuseExisting, writeWholeFile } from '../../whole-file.ts';
import type { WritePiece } from '../../whole-file.ts';

interface BackupFlags extends ConnectionFlags {
  output?: string;
  force?: boolean;
}

/** `troupe backup`: everything a running server has stored, in one file. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('backup')
    .description('save everything that the server has stored in a file')
    .option('-o, --output <file>', 'file to write, - for standard output (default: troupe-TIME.backup.gz)')
    .option('--force', 'replace a file of that name');
  addServerFlags(command).action((flags: BackupFlags) =>
    withSession(context, flags, (session) => backup(session, flags)),
  );
  command
    .command('verify')
    .description('read a whole backup and say what is in it')
    .argument('<file>')
    .action((file: string) => verify(context, file));
}

async function backup(session: Session, flags: BackupFlags): Promise<void> {
  const { stderr, clock, writeBytes } = session.context;
  const file = flags.output ?? `troupe-${timeText(clock.now())}.backup.gz`;
  if (file === '-') {
    const facts = await download(session, writeBytes);
    stderr.write(`backup: ${backupText(facts)}\n`);
    return;
  }
  const replace = flags.force === true;
  if (!replace) await refuseExisting(file);
  const facts = await writeWholeFile(file, { replace, fill: (write) => download(session, write) });
  session.print(`${file}: ${backupText(facts)}`);
}

/** Hands the pieces on and reads them at the same time: a backup that is not whole is no backup. */
async function download({ connection }: Session, write: WritePiece): Promise<BackupFacts> {
  const { readBackupSummary } = await import('#api/backup');
  const request = { method: 'GET', path: '/admin/backup', accept: 'application/gzip' } as const;
  async function* handedOn(): AsyncGenerator<Uint8Array> {
    for await (const piece of connection.transport.bytes(request)) {
      await write(piece);
      yield piece;
    }
  }
  return readBackupSummary(handedOn());
}

async function verify(context: CliContext, file: string): Promise<void> {
  const { readBackupFile, readBackupSummary } = await import('#api/backup');
  try {
    const facts = await readBackupSummary(readBackupFile(file));
    context.stdout.write(`${file}: ${backupText(facts)}\n`);
  } catch (error) {
    context.setExitCode(1);
    context.stderr.write(`${errorText(error)}\n`);
  }
}

/** 20261128T094729Z. */
const timeText = (now: number): string => new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '');
