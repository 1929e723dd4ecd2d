import type { Command } from 'commander';
import { formatTime } from '#api/machinery/clock';
import { formatAge } from '#api/machinery/duration';
import type { CliContext } from '../../context.ts';
import { parseDuration } from '../../duration.ts';
import { addServerFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { alignLines } from '../../table.ts';

const PATH = '/api/users/me/api-keys';

interface CreateFlags extends ConnectionFlags {
  description?: string;
  duration?: number;
  readOnly?: boolean;
}

interface ShownKey {
  name: string;
  description: string | null;
  created_at: string;
  expires_at: string | null;
  read_only: boolean;
  last_used_at: string | null;
}

/** `troupe token`: API keys of whoever calls it, for programs. */
export function register(program: Command, context: CliContext): void {
  const token = program.command('token').description('your API keys, for programs');
  const create = token
    .command('create')
    .description('make one; it is shown this once')
    .argument('[name]', 'behind your own name and a dot; made up when absent')
    .option('--description <text>', 'the purpose, for people')
    .option(
      '--duration <duration>',
      'for how long it works, such as 720h; absent: until it is revoked',
      parseDuration,
    )
    .option('--read-only', 'it only gets, lists and watches');
  addServerFlags(create).action((name: string | undefined, flags: CreateFlags) =>
    withSession(context, flags, (session) => createKey(session, name, flags)),
  );
  addServerFlags(token.command('list').description('show them')).action((flags: ConnectionFlags) =>
    withSession(context, flags, list),
  );
  addServerFlags(
    token
      .command('revoke')
      .description('make one void')
      .argument('<name>', 'as list shows it, or as create took it'),
  ).action((name: string, flags: ConnectionFlags) =>
    withSession(context, flags, async ({ connection, print }) => {
      await connection.transport.send({ method: 'DELETE', path: `${PATH}/${encodeURIComponent(name)}` });
      print(`API key ${name} revoked`);
    }),
  );
}

async function createKey(session: Session, name: string | undefined, flags: CreateFlags): Promise<void> {
  const { connection, context, print } = session;
  const { description, duration, readOnly = false } = flags;
  const { text } = await connection.transport.send({
    method: 'POST',
    path: PATH,
    body: {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      ...(duration === undefined ? {} : { expires_at: formatTime(context.clock.now() + duration) }),
      read_only: readOnly,
    },
  });
  const made = JSON.parse(text) as { name: string; key: string };
  context.stderr.write(`API key ${made.name}; it is not shown again:\n`);
  print(made.key);
}

async function list({ connection: { transport }, context }: Session): Promise<void> {
  const { text } = await transport.send({ method: 'GET', path: PATH });
  const { items } = JSON.parse(text) as { items: ShownKey[] };
  const now = context.clock.now();
  const age = (time: string | null): string =>
    time === null ? '<never>' : formatAge(now - Date.parse(time));
  const rows = items.map((key) => [
    key.name,
    key.expires_at ?? '<never>',
    age(key.last_used_at),
    String(key.read_only),
    key.description ?? '',
    age(key.created_at),
  ]);
  if (rows.length === 0) context.stderr.write('No API keys found\n');
  else
    context.stdout.write(
      alignLines([['NAME', 'EXPIRES', 'LAST USED', 'READ ONLY', 'DESCRIPTION', 'AGE'], ...rows]),
    );
}
