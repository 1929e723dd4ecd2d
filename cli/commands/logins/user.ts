import type { Command } from 'commander';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { accountPasswordProblem } from '#api/users/passwords/password-rules';
import type { PasswordOwner } from '#api/users/passwords/password-rules';
import type { CliContext } from '../../context.ts';
import { addValue } from '../../processes/flags/flag-values.ts';
import { accountApi } from '../../login/account-api.ts';
import { addLoginServerFlags, findLoginServer, withErrors } from '../../login/login-server.ts';
import type { LoginServerFlags } from '../../login/login-server.ts';
import { ask, firstLineOf, twoLinesOf } from '../../login/prompt.ts';
import { CliError } from '../../error-text.ts';
import { addServerFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { alignLines, tableCells } from '../../table.ts';
import { fetchTable } from '../../table-request.ts';
import { parseTargets } from '../../targets.ts';

interface User extends KubeObject {
  spec: { displayName?: string; email?: string; groups?: string[]; disabled?: boolean; pending?: boolean };
}

const USERS: ResourceType<User> = {
  group: 'agent.wecode.io',
  version: 'v1alpha1',
  kind: 'User',
  plural: 'users',
  namespaced: false,
};
const PATH = '/apis/agent.wecode.io/v1alpha1/users';
const ADMINS = 'troupe:admins';

interface CreateFlags extends ConnectionFlags {
  admin?: boolean;
  displayName?: string;
  email?: string;
  group?: string[];
  passwordStdin?: boolean;
}

interface ResetFlags extends ConnectionFlags {
  passwordStdin?: boolean;
}

interface SetFlags extends LoginServerFlags {
  passwordStdin?: boolean;
}

/** `troupe user`: people with accounts. */
export function register(program: Command, context: CliContext): void {
  const user = program.command('user').description('people who have accounts of the server');
  addServerFlags(user.command('list').description('show them')).action((flags: ConnectionFlags) =>
    withSession(context, flags, list),
  );
  registerCreate(user, context);
  for (const [name, spec, done] of [
    ['disable', { disabled: true }, 'disabled'],
    ['enable', { disabled: false, pending: false }, 'enabled'],
  ] as const) {
    const command = user.command(name).argument('<name>');
    command.description(
      name === 'disable' ? 'keep somebody from logging in; sessions end' : 'let somebody log in',
    );
    addServerFlags(command).action((who: string, flags: ConnectionFlags) =>
      withSession(context, flags, (session) => change(session, who, { spec, done })),
    );
  }
  registerResetPassword(user, context);
  addServerFlags(user.command('delete').description('remove an account').argument('<name>')).action(
    (name: string, flags: ConnectionFlags) =>
      withSession(context, flags, async ({ connection, print }) => {
        await connection.client.delete(USERS, { name });
        print(`user.agent.wecode.io "${name}" deleted`);
      }),
  );
}

function registerCreate(user: Command, context: CliContext): void {
  const command = user
    .command('create')
    .description('make an account')
    .argument('<name>')
    .option('--admin', 'who may do everything')
    .option('--display-name <name>', 'for people')
    .option('--email <address>')
    .option('--group <group>', 'again for more', addValue)
    .option('--password-stdin', 'set a password, from standard input, in place of showing a token for one');
  addServerFlags(command).action((name: string, flags: CreateFlags) =>
    withSession(context, flags, (session) => create(session, name, flags)),
  );
}

function registerResetPassword(user: Command, context: CliContext): void {
  const reset = user
    .command('reset-password')
    .description('show a token with which somebody sets a new password once')
    .argument('<name>')
    .option('--password-stdin', 'set the password, from standard input, in place of showing a token');
  addServerFlags(reset).action((name: string, flags: ResetFlags) =>
    withSession(context, flags, (session) => resetPassword(session, name, flags)),
  );
  const set = user
    .command('set-password')
    .description('set a new password with such a token, which is asked for')
    .option('--password-stdin', 'read the token and the password from standard input, a line each');
  addLoginServerFlags(set).action((flags: SetFlags) =>
    withErrors(context, async () => {
      const server = await findLoginServer(context, flags);
      const [token, password] =
        flags.passwordStdin === true ? await twoLinesOf(context.stdin) : await askForBoth();
      await accountApi(server).resetPassword(token, password);
      context.stdout.write('The password is set.\n');
    }),
  );
}

async function askForBoth(): Promise<[token: string, password: string]> {
  const token = await ask('Token: ', { secret: true, flag: '--password-stdin' });
  return [token, await newPassword()];
}

async function newPassword(): Promise<string> {
  const password = await ask('New password: ', { secret: true });
  if (password !== (await ask('Again: ', { secret: true }))) throw new CliError('the two are not the same');
  return password;
}

async function list(session: Session): Promise<void> {
  const [target] = await parseTargets(session, ['users.agent.wecode.io']);
  if (target === undefined) throw new CliError('the server has no accounts');
  const table = await fetchTable(session, target, {});
  const style = { wide: false, namePrefix: '', showNamespace: false, showLabels: false };
  const { header, rows } = tableCells(table.columns, table.rows, style);
  session.context.stdout.write(alignLines([header, ...rows]));
}

async function create(session: Session, name: string, flags: CreateFlags): Promise<void> {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/.test(name)) throw badName(name);
  const { displayName, email, group = [], admin, passwordStdin } = flags;
  const password = passwordStdin === true ? await firstLineOf(session.context.stdin) : undefined;
  // Judged first: a password that the server is going to refuse must not leave a User without one behind.
  if (password !== undefined) checkPassword(password, { name, displayName, email });
  const groups = [...group, ...(admin === true ? [ADMINS] : [])];
  const spec = {
    ...(displayName === undefined ? {} : { displayName }),
    ...(email === undefined ? {} : { email }),
    ...(groups.length === 0 ? {} : { groups }),
  };
  const { client } = session.connection;
  await client.create(USERS, {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'User',
    metadata: { name },
    spec,
  });
  session.print(`user.agent.wecode.io/${name} created`);
  await givePassword(session, name, password);
}

/** @throws CliError */
function checkPassword(password: string, owner: PasswordOwner): void {
  const problem = accountPasswordProblem(password, owner);
  if (problem !== undefined) throw new CliError(`the password ${problem}`);
}

/** The server says this in two errors: that of every name, and that of the kind. */
function badName(name: string): CliError {
  const rule = 'at most 50 lower-case letters, digits and dashes, with a letter or digit at both ends';
  return new CliError(`${JSON.stringify(name)} is no name for a User, which has ${rule}`);
}

async function change(
  session: Session,
  name: string,
  { spec, done }: { spec: object; done: string },
): Promise<void> {
  await session.connection.client.patch(USERS, { name }, { type: 'merge', body: { spec } });
  session.print(`user.agent.wecode.io/${name} ${done}`);
}

async function resetPassword(session: Session, name: string, { passwordStdin }: ResetFlags): Promise<void> {
  // Read first: an empty input must not leave a token behind.
  const password = passwordStdin === true ? await firstLineOf(session.context.stdin) : undefined;
  await givePassword(session, name, password);
}

/** Without a password a token is shown with which one is set. */
async function givePassword(session: Session, name: string, password: string | undefined): Promise<void> {
  const { connection, context, print } = session;
  const path = `${PATH}/${encodeURIComponent(name)}/passwordreset`;
  const { text } = await connection.transport.send({ method: 'POST', path });
  const { token, expirationTime } = JSON.parse(text) as { token: string; expirationTime: string };
  if (password !== undefined) {
    await accountApi({ server: connection.server, ca: connection.caCertificate }).resetPassword(
      token,
      password,
    );
    print('password set');
    return;
  }
  context.stderr.write(
    `A password is set once with this token, until ${expirationTime}, by troupe user set-password:\n`,
  );
  print(token);
}
