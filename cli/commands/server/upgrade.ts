import { Option } from 'commander';
import type { Command } from 'commander';
import { VERSION } from '#api/machinery/version';
import type { CliContext } from '../../context.ts';
import { toJson, toYaml } from '../../object-text.ts';
import { addServerFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { alignLines } from '../../table.ts';
import { partsOf, reportOf, versionFindings } from '../../upgrade/report.ts';
import type { Finding, UpgradeReport } from '../../upgrade/report.ts';
import { readServer } from '../../upgrade/server-facts.ts';
import { judgeStored } from '../../upgrade/stored-objects.ts';

interface CheckFlags extends ConnectionFlags {
  output?: 'json' | 'yaml';
}

/** `troupe upgrade check`: whether a running service can go to the version of this command. */
export function register(program: Command, context: CliContext): void {
  const check = program
    .command('upgrade')
    .description('go to another version')
    .command('check')
    .description('tell what is in the way of an upgrade of a running server to the version of this command')
    .addOption(new Option('-o, --output <format>', 'json or yaml').choices(['json', 'yaml']));
  addServerFlags(check).action((flags: CheckFlags) =>
    withSession(context, flags, (session) => run(session, flags)),
  );
}

/** 1 when something hinders, as for a failure: a script stops at both. */
async function run(session: Session, { output }: CheckFlags): Promise<number> {
  const report = await check(session);
  if (output === undefined) print(session, report);
  else session.context.data.write(output === 'json' ? toJson(report) : toYaml(report));
  return report.ready ? 0 : 1;
}

async function check({ connection }: Session): Promise<UpgradeReport> {
  // Loaded here, not above: other commands must not pay for all schemas.
  const { upgradeTarget } = await import('#api/upgrade');
  const target = upgradeTarget();
  const { schema, migrationsAfter } = target;
  const command = { version: VERSION, schema, migrationsAfter };
  const { facts, findings } = await readServer(connection);
  return reportOf(partsOf(facts, command), [
    ...versionFindings(facts, command),
    ...findings,
    ...(await judgeStored(connection, target)),
  ]);
}

function print({ context, print: printLine }: Session, { ready, parts, findings }: UpgradeReport): void {
  const rows = parts.map(({ name, running, upgrade }) => [name, running, upgrade]);
  context.stdout.write(alignLines([['PART', 'RUNNING', 'UPGRADE'], ...rows]));
  for (const { level, about, message, remedy } of findings) {
    printLine(`\n${MARKS[level]}  ${about}: ${message}\n         ${remedy}`);
  }
  printLine(`\n${ready ? 'nothing hinders the upgrade' : 'the upgrade is hindered'}`);
}

/** Of one width, so that texts are in line. */
const MARKS: Record<Finding['level'], string> = { Hinders: 'HINDERS', Warning: 'WARNING' };
