import type { Command } from 'commander';
import { decide } from '../../approval.ts';
import type { CliContext } from '../../context.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags } from '../../session.ts';

interface RejectFlags extends ConnectionFlags {
  reason?: string;
}

/** `troupe reject`: says no to an Approval. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('reject')
    .description('say no to an Approval')
    .argument('<approval>', 'NAME or approval/NAME; troupe inbox shows those that wait')
    .option('--reason <text>', 'why; the agent is told where it asked');
  addConnectionFlags(command).action((name: string, { reason, ...flags }: RejectFlags) =>
    withSession(context, flags, (session) =>
      decide(session, name, { decision: 'Rejected', ...(reason === undefined ? {} : { reason }) }),
    ),
  );
}
