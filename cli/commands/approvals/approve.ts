import type { Command } from 'commander';
import { decide } from '../../approval.ts';
import type { CliContext } from '../../context.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags } from '../../session.ts';

interface ApproveFlags extends ConnectionFlags {
  message?: string;
  reason?: string;
}

/** `troupe approve`: says yes to an Approval, or answers the question that it asks. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('approve')
    .description('say yes to an Approval, or answer the question that it asks')
    .argument('<approval>', 'NAME or approval/NAME; troupe inbox shows those that wait')
    .option('-m, --message <text>', 'the answer to a question, or words for the agent')
    .option('--reason <text>', 'why; for the record');
  addConnectionFlags(command).action((name: string, flags: ApproveFlags) =>
    withSession(context, flags, (session) =>
      decide(session, name, {
        decision: 'Approved',
        ...(flags.message === undefined ? {} : { message: flags.message }),
        ...(flags.reason === undefined ? {} : { reason: flags.reason }),
      }),
    ),
  );
}
