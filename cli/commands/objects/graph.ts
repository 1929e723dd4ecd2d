import type { Command } from 'commander';
import { TROUPE_GROUP } from '#api/machinery/group-version-kind';
import { fieldsOf } from '#api/machinery/json/json';
import type { Unstructured } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import type { CliContext } from '../../context.ts';
import { CliError, errorText } from '../../error-text.ts';
import type { Chart } from '../../graph/chart.ts';
import { dotChart } from '../../graph/dot-chart.ts';
import { mermaidChart } from '../../graph/mermaid-chart.ts';
import { collaborationChart, teamChart } from '../../graph/object-chart.ts';
import { svgChart } from '../../graph/svg-chart.ts';
import { textChart } from '../../graph/text-chart.ts';
import { readManifests } from '../../manifests.ts';
import { refTo } from '../../object-set.ts';
import { TASK_REVISIONS } from '../../revisions/team-history.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { parseTargets } from '../../targets.ts';

interface GraphFlags extends ConnectionFlags {
  filename?: string;
  output: string;
}

const FORMATS: Readonly<Record<string, (chart: Chart) => string>> = {
  text: textChart,
  mermaid: mermaidChart,
  svg: svgChart,
  dot: dotChart,
};

/** `troupe graph`: the steps of a Task, a Team or a workflow as a drawing. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('graph')
    .description('draw the steps of a Task, a Team or a Collaboration')
    .argument('[type/name...]', 'task/NAME, team/NAME or collaboration/NAME')
    .option('-f, --filename <file>', 'Collaborations of a file; - reads from stdin')
    .option('-o, --output <format>', `one of ${Object.keys(FORMATS).join(', ')}`, 'text');
  addConnectionFlags(command).action((words: string[], flags: GraphFlags) =>
    flags.filename === undefined
      ? withSession(context, flags, (session) => drawObjects(session, words, flags))
      : drawFile(context, flags.filename, flags),
  );
}

async function drawObjects(
  session: Session,
  words: readonly string[],
  { output }: GraphFlags,
): Promise<void> {
  const draw = formatOf(output);
  for (const { resource, names } of await parseTargets(session, words)) {
    if (names.length === 0) throw new CliError('you must name an object, such as task/NAME');
    for (const name of names) {
      const object = await session.connection.client.get(resource, refTo(session, resource, name));
      session.context.stdout.write(draw(await chartOf(session, object)));
    }
  }
}

async function drawFile(context: CliContext, file: string, { output }: GraphFlags): Promise<void> {
  let isDrawn = false;
  try {
    const draw = formatOf(output);
    for (const result of await readManifests({ files: [file], recursive: false, stdin: context.stdin })) {
      if ('error' in result) throw result.error;
      if (result.object.kind !== 'Collaboration') continue;
      context.stdout.write(draw(collaborationChart(checked(result.object))));
      isDrawn = true;
    }
    if (!isDrawn) throw new CliError(`${file} has no Collaboration: nothing to draw`);
  } catch (error) {
    context.setExitCode(1);
    context.stderr.write(`${errorText(error)}\n`);
  }
}

/** @throws CliError */
function formatOf(output: string): (chart: Chart) => string {
  const format = Object.hasOwn(FORMATS, output) ? FORMATS[output] : undefined;
  if (format === undefined)
    throw new CliError(`unknown format ${JSON.stringify(output)}; known: ${Object.keys(FORMATS).join(', ')}`);
  return format;
}

/** A file was judged by nobody yet. @throws CliError where it has not the form of a workflow */
function checked(object: Unstructured): Unstructured {
  const { steps, config } = fieldsOf(object['spec']);
  const list = steps ?? fieldsOf(config)['steps'];
  const isWorkflow = Array.isArray(list) && list.every((step) => typeof fieldsOf(step)['name'] === 'string');
  if (!isWorkflow)
    throw new CliError(`Collaboration ${object.metadata.name}: spec.steps is no list of steps with names`);
  return object;
}

const COLLABORATIONS: ResourceType = {
  ...{ group: TROUPE_GROUP, version: 'v1alpha1', namespaced: true },
  ...{ kind: 'Collaboration', plural: 'collaborations' },
};

async function chartOf({ connection: { client } }: Session, object: Unstructured): Promise<Chart> {
  const namespace = object.metadata.namespace ?? '';
  switch (object.kind) {
    case 'Collaboration':
      return collaborationChart(object);
    case 'Team': {
      const { collaborationRef: ref } = object['spec'] as {
        collaborationRef?: { name: string; namespace?: string };
      };
      const found = ref === undefined ? undefined : await client.find(COLLABORATIONS, { namespace, ...ref });
      return teamChart(object, found as Unstructured | undefined);
    }
    case 'Task': {
      const { revision } = (object['status'] ?? {}) as { revision?: string };
      const found =
        revision === undefined ? undefined : await client.find(TASK_REVISIONS, { namespace, name: revision });
      // The engine is not loaded for other commands.
      const { taskChart } = await import('../../graph/task-chart.ts');
      return taskChart(object, found as Unstructured | undefined);
    }
    default:
      throw new CliError(
        `${article(object.kind)} ${object.kind} has no steps: a Task, a Team or a Collaboration can be drawn`,
      );
  }
}

const article = (kind: string): string => (/^[AEIOU]/.test(kind) ? 'an' : 'a');
