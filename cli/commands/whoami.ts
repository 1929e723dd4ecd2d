import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { addServerFlags, withSession } from '../session.ts';
import type { ConnectionFlags, Session } from '../session.ts';
import { alignLines } from '../table.ts';

interface UserInfo {
  username?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

/** `troupe whoami`: as whom the server sees this command, as `kubectl auth whoami` shows it. */
export function register(program: Command, context: CliContext): void {
  const command = program.command('whoami').description('show as whom the server knows you');
  addServerFlags(command).action((flags: ConnectionFlags) =>
    withSession(context, flags, (session) => whoAmI(session)),
  );
}

async function whoAmI({ connection: { transport }, context }: Session): Promise<void> {
  const { text } = await transport.send({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  const { userInfo = {} } = (JSON.parse(text) as { status: { userInfo?: UserInfo } }).status;
  const { username, uid, groups, extra = {} } = userInfo;
  const rows = [['ATTRIBUTE', 'VALUE']];
  if (username !== undefined) rows.push(['Username', username]);
  if (uid !== undefined) rows.push(['UID', uid]);
  if (groups !== undefined) rows.push(['Groups', listOf(groups)]);
  for (const [name, values] of Object.entries(extra)) rows.push([`Extra: ${name}`, listOf(values)]);
  context.stdout.write(alignLines(rows));
}

const listOf = (values: readonly string[]): string => `[${values.join(' ')}]`;
