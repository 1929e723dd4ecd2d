import type { Command } from 'commander';
import type { Unstructured } from '#api/machinery/meta';
import { isStatusError } from '#api/machinery/status-error';
import { printedKind } from '../../api-resource.ts';
import type { CliContext } from '../../context.ts';
import { CliError } from '../../error-text.ts';
import { listObjects, refTo } from '../../object-set.ts';
import type { Selection } from '../../object-set.ts';
import { listText, parseOutputFormat, toJson, toYaml, withoutManagedFields } from '../../object-text.ts';
import type { OutputFormat } from '../../object-text.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { alignLines, tableCells } from '../../table.ts';
import { fetchTable } from '../../table-request.ts';
import { parseTargets } from '../../targets.ts';
import type { Target } from '../../targets.ts';
import { watchTarget } from '../../watch-output.ts';

interface GetFlags extends ConnectionFlags, Selection {
  output?: string;
  headers: boolean;
  watch?: boolean;
  watchOnly?: boolean;
  showLabels?: boolean;
  showManagedFields?: boolean;
  ignoreNotFound?: boolean;
}

/** `troupe get`: objects as a table, YAML, JSON, names or a JSONPath. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('get')
    .description('show objects')
    .argument('<type>', 'tasks, task/NAME, tasks,teams ...')
    .argument('[name...]')
    .option('-o, --output <format>', 'wide, yaml, json, name or jsonpath=TEMPLATE')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'only those with these labels')
    .option('--field-selector <fields>', 'only those with these field values')
    .option('-w, --watch', 'go on showing changes')
    .option('--watch-only', 'show changes only')
    .option('--show-labels', 'add a column with the labels')
    .option('--show-managed-fields', 'keep metadata.managedFields in yaml and json')
    .option('--ignore-not-found', 'an object that does not exist is no failure')
    .option('--no-headers', 'leave out the line with the names of the columns');
  addConnectionFlags(command).action((type: string, names: string[], flags: GetFlags) =>
    withSession(context, flags, (session) => get(session, [type, ...names], flags)),
  );
}

async function get(session: Session, words: string[], flags: GetFlags): Promise<number | void> {
  const format = parseOutputFormat(flags.output);
  const targets = await parseTargets(session, words);
  const names = targets.flatMap((target) => target.names);
  if (flags.selector !== undefined && names.length > 0) {
    throw new CliError('a selector and names may not be given together');
  }
  if (flags.watch === true || flags.watchOnly === true) {
    const [target] = targets;
    if (target === undefined || targets.length > 1 || target.names.length > 1) {
      throw new CliError('you may only watch one resource type, or one object, at a time');
    }
    return watchTarget(session, target, { ...flags, format, initial: flags.watchOnly !== true });
  }
  if (format.kind === 'table') {
    await printTables(session, targets, flags);
  } else {
    await printObjects(session, targets, { ...flags, format });
  }
  return undefined;
}

async function printTables(session: Session, targets: readonly Target[], flags: GetFlags): Promise<void> {
  const printed: string[] = [];
  for (const target of targets) {
    const table = await fetchTable(session, target, flags);
    for (const error of table.errors) session.fail(error);
    if (table.rows.length === 0) continue;
    const { header, rows } = tableCells(table.columns, table.rows, {
      wide: flags.output === 'wide',
      namePrefix: targets.length > 1 ? `${printedKind(target.resource)}/` : '',
      showNamespace: flags.allNamespaces === true && target.resource.namespaced,
      showLabels: flags.showLabels === true,
    });
    printed.push(alignLines(flags.headers ? [header, ...rows] : rows));
  }
  session.context.stdout.write(printed.join('\n'));
  const asked = targets.every(({ names }) => names.length === 0);
  if (printed.length === 0 && asked && flags.ignoreNotFound !== true) {
    const everywhere = flags.allNamespaces === true || targets.every(({ resource }) => !resource.namespaced);
    const where = everywhere ? '' : ` in ${session.namespace} namespace`;
    session.context.stderr.write(`No resources found${where}${everywhere ? '' : '.'}\n`);
  }
}

async function printObjects(
  session: Session,
  targets: readonly Target[],
  flags: GetFlags & { format: Exclude<OutputFormat, { kind: 'table' }> },
): Promise<void> {
  const found: { target: Target; object: Unstructured }[] = [];
  for (const target of targets) {
    for (const object of await fetchObjects(session, target, flags)) found.push({ target, object });
  }
  const { stdout, data } = session.context;
  const { format } = flags;
  if (format.kind === 'name') {
    for (const { target, object } of found) {
      stdout.write(`${printedKind(target.resource)}/${object.metadata.name}\n`);
    }
    return;
  }
  const objects = found.map(({ object }) =>
    flags.showManagedFields === true ? object : withoutManagedFields(object),
  );
  const single = targets.length === 1 && targets[0]?.names.length === 1;
  if (single && objects.length === 0) return;
  if (!single) {
    data.write(listText(objects, format));
    return;
  }
  const [root] = objects;
  if (format.kind === 'jsonpath') data.write(format.render(root));
  else data.write(format.kind === 'yaml' ? toYaml(root) : toJson(root));
}

async function fetchObjects(session: Session, target: Target, flags: GetFlags): Promise<Unstructured[]> {
  const { resource, names } = target;
  if (names.length === 0) return (await listObjects(session, resource, flags)).items;
  const objects: Unstructured[] = [];
  for (const name of names) {
    try {
      objects.push(await session.connection.client.get(resource, refTo(session, resource, name)));
    } catch (error) {
      if (!isIgnored(error, flags)) session.fail(error);
    }
  }
  return objects;
}

function isIgnored(error: unknown, flags: GetFlags): boolean {
  return flags.ignoreNotFound === true && isStatusError(error, 'NotFound');
}
