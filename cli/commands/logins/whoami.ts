import type { Command } from 'commander';
import type { CliContext } from '../../context.ts';
import { addServerFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { alignLines } from '../../table.ts';
import { askUserInfo } from '../../user-info.ts';

/** `troupe whoami`: as whom the server sees this command, as `kubectl auth whoami` shows it. */
export function register(program: Command, context: CliContext): void {
  const command = program.command('whoami').description('show as whom the server knows you');
  addServerFlags(command).action((flags: ConnectionFlags) =>
    withSession(context, flags, (session) => whoAmI(session)),
  );
}

async function whoAmI(session: Session): Promise<void> {
  const { username, uid, groups, extra = {} } = await askUserInfo(session);
  const rows = [['ATTRIBUTE', 'VALUE']];
  if (username !== undefined) rows.push(['Username', username]);
  if (uid !== undefined) rows.push(['UID', uid]);
  if (groups !== undefined) rows.push(['Groups', listOf(groups)]);
  for (const [name, values] of Object.entries(extra)) rows.push([`Extra: ${name}`, listOf(values)]);
  session.context.stdout.write(alignLines(rows));
}

const listOf = (values: readonly string[]): string => `[${values.join(' ')}]`;
