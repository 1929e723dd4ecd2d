import type { Command } from 'commander';
import type { ListOptions } from '#api/client/client';
import { formatAge } from '#api/machinery/duration';
import { TROUPE_GROUP } from '#api/machinery/group-version-kind';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import { APPROVE, approversAt, isAmong } from '#api/types/approval';
import { APPROVALS } from '../../approval.ts';
import type { CliApproval } from '../../approval.ts';
import type { CliContext } from '../../context.ts';
import { listText, parseOutputFormat, withoutManagedFields } from '../../object-text.ts';
import type { OutputFormat } from '../../object-text.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { alignLines } from '../../table.ts';
import { TASKS } from '../../task.ts';
import type { CliQuestion, CliTask } from '../../task.ts';
import { askUserInfo } from '../../user-info.ts';

interface InboxFlags extends ConnectionFlags {
  all?: boolean;
  output?: string;
}

/** `troupe inbox`: all that waits for whoever asks, in every namespace that he may read. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('inbox')
    .description('show what waits for you: Approvals, and questions of agents; of all namespaces without -n')
    .option('--all', 'what waits for others, too')
    .option(
      '-o, --output <format>',
      'yaml, json, name or jsonpath=TEMPLATE: the Approvals, and Tasks that ask',
    );
  addConnectionFlags(command).action((flags: InboxFlags) =>
    withSession(context, flags, (session) => inbox(session, flags)),
  );
}

async function inbox(session: Session, { all = false, output }: InboxFlags): Promise<void> {
  const format = parseOutputFormat(output);
  const pending = await readable(session, APPROVALS, 'status.phase=Pending');
  const mine = all ? pending : await decidable(session, pending);
  const waiting = await readable(session, TASKS, 'status.status=PENDING_CONFIRMATION');
  const asking = waiting.filter((task) => openQuestions(task).length > 0);
  if (format.kind !== 'table') return printObjects(session, [...mine, ...asking], format);
  const rows = [...mine.map((one) => approvalRow(session, one)), ...asking.flatMap(questionRows)];
  if (rows.length === 0) {
    session.context.stderr.write('Nothing waits for you\n');
    return;
  }
  const header = ['NAMESPACE', 'NAME', 'TASK', 'PURPOSE', 'AGE', 'WHAT'];
  session.context.stdout.write(alignLines([header, ...rows]));
}

function printObjects(
  { context }: Session,
  objects: readonly KubeObject[],
  format: Exclude<OutputFormat, { kind: 'table' }>,
): void {
  if (format.kind === 'name') {
    for (const { kind = '', metadata } of objects)
      context.stdout.write(`${kind.toLowerCase()}.${TROUPE_GROUP}/${metadata.name}\n`);
    return;
  }
  context.data.write(listText(objects.map(withoutManagedFields), format));
}

/** Of the namespace that was asked for, else of all; without the right to all, of each that may be read. */
async function readable<T extends KubeObject>(
  session: Session,
  type: ResourceType<T>,
  fieldSelector: string,
): Promise<T[]> {
  const { client } = session.connection;
  const list = async (options: ListOptions): Promise<T[]> =>
    (await client.list(type, { ...options, fieldSelector })).items;
  if (session.namespaceGiven) return list({ namespace: session.namespace });
  const everywhere = await unlessForbidden(list({}));
  if (everywhere !== undefined) return everywhere;
  const lists: T[][] = [];
  for (const namespace of await namespacesOf(session)) {
    const items = await unlessForbidden(list({ namespace }));
    if (items !== undefined) lists.push(items);
  }
  // To whoever may read none, nothing is said about what waits. Without Tasks, the Approvals are told of all the same.
  if (lists.length === 0 && type.plural === APPROVALS.plural) return list({ namespace: session.namespace });
  return lists.flat();
}

const NAMESPACES: ResourceType = {
  ...{ group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
};

async function namespacesOf({ connection, namespace }: Session): Promise<string[]> {
  const all = await unlessForbidden(connection.client.list(NAMESPACES));
  return all === undefined ? [namespace] : all.items.map(({ metadata }) => metadata.name);
}

async function unlessForbidden<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isStatusError(error, 'Forbidden')) return undefined;
    throw error;
  }
}

/** Those that whoever asks may decide at this moment. */
async function decidable(session: Session, approvals: readonly CliApproval[]): Promise<CliApproval[]> {
  if (approvals.length === 0) return [];
  const { username = '', groups = [] } = await askUserInfo(session);
  const me = { name: username, groups };
  const now = session.context.clock.now();
  const mine: CliApproval[] = [];
  for (const approval of approvals) {
    const people = approversAt(approval, now);
    if (people !== undefined && !isAmong(me, people)) continue;
    if (await mayApprove(session, approval)) mine.push(approval);
  }
  return mine;
}

async function mayApprove({ connection }: Session, { metadata }: CliApproval): Promise<boolean> {
  const { group, version, plural } = APPROVALS;
  const { namespace, name } = metadata;
  const resourceAttributes = { verb: APPROVE, group, version, resource: plural, namespace, name };
  const body = {
    ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' },
    spec: { resourceAttributes },
  };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const { text } = await connection.transport.send({ method: 'POST', path, body });
  return (JSON.parse(text) as { status?: { allowed?: boolean } }).status?.allowed === true;
}

function approvalRow({ context }: Session, { metadata, spec }: CliApproval): string[] {
  const age = formatAge(context.clock.now() - Date.parse(metadata.creationTimestamp ?? ''));
  const { taskRef, purpose } = spec;
  return [metadata.namespace ?? '', metadata.name, taskRef.name, purpose, age, asked(spec)];
}

/** Questions that no Approval asks; `troupe answer` answers them. */
function openQuestions({ status }: CliTask): CliQuestion[] {
  const byApproval = new Set(status?.approvals?.map(({ questionId }) => questionId));
  return (status?.questions ?? []).filter(({ id }) => !byApproval.has(id));
}

function questionRows(task: CliTask): string[][] {
  const { namespace = '', name } = task.metadata;
  return openQuestions(task).map((question) => {
    const purpose = question.tool === undefined ? 'Question' : 'ToolUse';
    return [namespace, `(troupe answer ${name} ${question.id})`, name, purpose, '', asked(question)];
  });
}

const MOST_SHOWN = 200;

function asked(question: Pick<CliApproval['spec'], 'input' | 'message' | 'options' | 'tool'>): string {
  const { message, tool, input, options } = question;
  const use = tool === undefined ? '' : ` [${tool} ${JSON.stringify(input ?? {})}]`;
  const choice = options === undefined ? '' : ` [one of: ${options.join(', ')}]`;
  const text = `${message}${use}${choice}`.replaceAll(/\s+/g, ' ');
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN).toWellFormed()}…`;
}
