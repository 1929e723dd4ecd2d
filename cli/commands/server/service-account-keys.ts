import type { Command } from 'commander';
import type { CliContext } from '../../context.ts';
import { addServerFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { alignLines } from '../../table.ts';

interface RotateFlags extends ConnectionFlags {
  revoke?: boolean;
}

const PATH = '/admin/service-account-keys';

/** `troupe service-account-keys`: the keys under which ServiceAccounts get their tokens. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('service-account-keys')
    .description('see and change the keys that sign tokens of ServiceAccounts');
  const status = command.command('status').description('show the keys');
  addServerFlags(status).action((flags: ConnectionFlags) => withSession(context, flags, printKeys));
  const rotate = command
    .command('rotate')
    .description('make a new key that signs from now on, while the servers run')
    .option('--revoke', 'end all tokens that older keys have signed, as when a key was stolen');
  addServerFlags(rotate).action((flags: RotateFlags) =>
    withSession(context, flags, (session) => rotateKeys(session, flags)),
  );
}

/** As the server answers. */
interface Key {
  id: string;
  created: string;
  signsFrom: string;
  signs: boolean;
}

async function printKeys({ connection: { transport }, print }: Session): Promise<void> {
  const { text } = await transport.send({ method: 'GET', path: PATH });
  const { keys } = JSON.parse(text) as { keys: Key[] };
  const rows = keys.map(({ id, created, signsFrom, signs }) => [
    id,
    created,
    signsFrom,
    signs ? 'yes' : 'no',
  ]);
  print(alignLines([['KEY', 'CREATED', 'SIGNS FROM', 'SIGNS'], ...rows]).trimEnd());
}

async function rotateKeys({ connection: { transport }, print }: Session, flags: RotateFlags): Promise<void> {
  const path = `${PATH}/rotate?revoke=${flags.revoke === true}`;
  const { text } = await transport.send({ method: 'POST', path });
  const { key } = JSON.parse(text) as { key: string };
  const ended = flags.revoke === true ? ', all tokens of older keys have ended' : '';
  print(`key ${key} signs from now on${ended}`);
}
