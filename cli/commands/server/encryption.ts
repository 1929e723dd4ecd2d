import type { Command } from 'commander';
import { sleep } from '#api/machinery/clock';
import type { CliContext } from '../../context.ts';
import { CliError } from '../../error-text.ts';
import { addServerFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';

interface RotateFlags extends ConnectionFlags {
  root?: boolean;
  wait?: boolean;
}

/** What `/admin/encryption` answers. */
interface EncryptionStatus {
  resources: string[];
  rootKeySource: string;
  rootKeys: { id: string; dataKeys: number }[];
  dataKeys: { id: string; rootKeyId: string; created: string; rows: number }[];
  plainRows: number;
  rewriting: { running: boolean; rewritten: number; failure?: string };
}

/** `troupe encryption`: the keys under which objects are in the database. */
export function register(program: Command, context: CliContext): void {
  const command = program.command('encryption').description('see and change the keys of encryption at rest');
  const status = command.command('status').description('show the keys and what is encrypted with them');
  addServerFlags(status).action((flags: ConnectionFlags) =>
    withSession(context, flags, async (session) => printStatus(session, await readStatus(session))),
  );
  const rotate = command
    .command('rotate')
    .description('make a new data key and encrypt everything anew with it, while the servers run')
    .option('--root', 'make a new root key first, in the file of the server')
    .option('--wait', 'until everything is encrypted anew');
  addServerFlags(rotate).action((flags: RotateFlags) =>
    withSession(context, flags, (session) => rotateKeys(session, flags)),
  );
}

async function readStatus({ connection: { transport } }: Session): Promise<EncryptionStatus> {
  const { text } = await transport.send({ method: 'GET', path: '/admin/encryption' });
  return JSON.parse(text) as EncryptionStatus;
}

function printStatus({ print }: Session, status: EncryptionStatus): void {
  const { resources, rootKeys, dataKeys, plainRows, rewriting } = status;
  print(`Encrypted:  ${resources.length === 0 ? 'nothing' : resources.join(', ')}`);
  print(`Root keys:  ${status.rootKeySource}`);
  for (const { id, dataKeys: count } of rootKeys) {
    print(`  ${id}  ${count === 0 ? 'not in use' : `wraps ${counted(count, 'data key')}`}`);
  }
  print('Data keys:');
  for (const { id, rootKeyId, created, rows } of dataKeys) {
    print(`  ${id}  made ${created}, wrapped by ${rootKeyId}, ${counted(rows, 'row')}`);
  }
  print(`Not encrypted yet:  ${counted(plainRows, 'row')}`);
  if (rewriting.running) print(`Encrypting anew:  ${counted(rewriting.rewritten, 'row')} so far`);
  if (rewriting.failure !== undefined) print(`Encrypting anew failed:  ${rewriting.failure}`);
}

async function rotateKeys(session: Session, flags: RotateFlags): Promise<void> {
  const path = `/admin/encryption/rotate?root=${flags.root === true}`;
  const { text } = await session.connection.transport.send({ method: 'POST', path });
  const { dataKey, rootKey } = JSON.parse(text) as { dataKey: string; rootKey: string };
  session.print(`data key ${dataKey} made, wrapped by root key ${rootKey}`);
  if (flags.wait !== true) {
    session.print('what is in the database is being encrypted anew; see troupe encryption status');
    return;
  }
  const done = await waitForRewriting(session);
  const rows = done.dataKeys.reduce((sum, key) => sum + key.rows, 0);
  session.print(`${counted(rows, 'row')} encrypted with it, older keys removed`);
}

const EVERY_MS = 500;

/** What another replica does shows in the database, too. */
async function waitForRewriting(session: Session): Promise<EncryptionStatus> {
  for (;;) {
    const status = await readStatus(session);
    const { dataKeys, plainRows, rewriting } = status;
    if (rewriting.failure !== undefined) throw new CliError(`encrypting anew failed: ${rewriting.failure}`);
    if (dataKeys.length === 1 && plainRows === 0 && !rewriting.running) return status;
    await sleep(session.context.clock, EVERY_MS);
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
