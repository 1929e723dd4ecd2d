import type { Command } from 'commander';
import { parseJsonPathTemplate } from '#api/machinery/json/json-path-template';
import { describeError } from '#api/machinery/logger';
import type { KubeObject } from '#api/machinery/meta';
import { ignoreNotFound, notFound } from '#api/machinery/status-error';
import { printedKind } from '../../api-resource.ts';
import type { CliContext } from '../../context.ts';
import { parseDuration } from '../../duration.ts';
import { CliError } from '../../error-text.ts';
import { namedObjects } from '../../object-set.ts';
import type { NamedObject, Selection } from '../../object-set.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { waitUntil } from '../../wait-until.ts';

interface WaitFlags extends ConnectionFlags, Selection {
  for: string;
  timeout: number;
  all?: boolean;
}

/** `troupe wait`: until a condition holds, a field has a value or an object is gone. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('wait')
    .description('wait for a condition of objects')
    .argument('<type>', 'tasks, task/NAME ...')
    .argument('[name...]')
    .requiredOption('--for <what>', "condition=NAME[=VALUE], delete, or jsonpath='{.path}'[=VALUE]")
    .option('--timeout <duration>', 'how long; 0 to look once, negative for ever', parseDuration, 30_000)
    .option('-l, --selector <labels>', 'those with these labels')
    .option('-A, --all-namespaces', 'with --all or -l: of all namespaces')
    .option('--all', 'all of the type');
  addConnectionFlags(command).action((type: string, names: string[], flags: WaitFlags) =>
    withSession(context, flags, (session) => waitAll(session, [type, ...names], flags)),
  );
}

async function waitAll(session: Session, words: string[], flags: WaitFlags): Promise<void> {
  const goal = parseGoal(flags.for);
  const objects = await namedObjects(session, words, flags);
  if (objects.length === 0) throw new CliError('no matching resources found');
  // kubectl gives all of them one deadline.
  const deadline = session.context.clock.now() + flags.timeout;
  for (const object of objects) {
    const left = Math.max(0, deadline - session.context.clock.now());
    try {
      await waitOne(session, { object, goal, timeoutMs: flags.timeout < 0 ? -1 : left });
    } catch (error) {
      session.fail(error);
    }
  }
}

async function waitOne(
  session: Session,
  options: { object: NamedObject; goal: Goal; timeoutMs: number },
): Promise<void> {
  const { object, goal } = options;
  const { resource, ref } = object;
  // A watch would ask again and again for what it may not see.
  const found = session.connection.client.get(resource, ref);
  await (goal.absent ? ignoreNotFound(found) : found);
  let missing = false;
  const met = await waitUntil(session, {
    object,
    timeoutMs: options.timeoutMs,
    until(now) {
      if (now !== undefined) return goal.met(now);
      missing = !goal.absent;
      return true;
    },
  });
  if (missing) throw notFound(resource, ref.name);
  if (!met) {
    throw new CliError(`timed out waiting for the condition on ${resource.plural}/${ref.name}`);
  }
  session.print(`${printedKind(resource)}/${ref.name} condition met`);
}

interface Goal {
  /** The object is to be gone. */
  absent: boolean;
  met(object: KubeObject): boolean;
}

/** @throws CliError for what is no goal */
export function parseGoal(text: string): Goal {
  if (text.toLowerCase() === 'delete') return { absent: true, met: () => false };
  const condition = /^condition=([^=]+)(?:=(.*))?$/.exec(text);
  if (condition !== null) return conditionGoal(condition[1] ?? '', condition[2] ?? 'True');
  const path = /^jsonpath=('?)(\{.+\})\1(?:=(.*))?$/s.exec(text);
  if (path !== null) return pathGoal(path[2] ?? '', path[3]);
  throw new CliError(
    `unrecognized condition: ${JSON.stringify(text)}; use condition=NAME, delete or jsonpath='{.path}'=VALUE`,
  );
}

interface Conditions extends KubeObject {
  status?: { conditions?: { type: string; status: string; observedGeneration?: number }[] };
}

function conditionGoal(name: string, value: string): Goal {
  return {
    absent: false,
    met(object) {
      const found = (object as Conditions).status?.conditions?.find(
        ({ type }) => type.toLowerCase() === name.toLowerCase(),
      );
      // A condition worked out from an older spec says nothing about this one.
      const { generation } = object.metadata;
      const stale = (found?.observedGeneration ?? Infinity) < (generation ?? 0);
      return !stale && found?.status.toLowerCase() === value.toLowerCase();
    },
  };
}

function pathGoal(template: string, value: string | undefined): Goal {
  let render: (root: unknown) => string;
  try {
    const parsed = parseJsonPathTemplate(template);
    render = (root) => parsed.render(root);
  } catch (error) {
    throw new CliError(describeError(error), { cause: error });
  }
  const want = value?.replace(/^(["'])(.*)\1$/s, '$2');
  return {
    absent: false,
    met(object) {
      const text = render(object);
      return want === undefined ? text !== '' : text === want;
    },
  };
}
