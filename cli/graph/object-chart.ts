import { fieldsOf } from '#api/machinery/json/json';
import type { JsonObject } from '#api/machinery/json/json';
import type { Unstructured } from '#api/machinery/meta';
import { workflowOf } from '#workflows/workflow';
import { judgesIn } from '#api/types/quality';
import type { Step } from '#workflows/workflow';
import type { Box, Chart } from './chart.ts';
import { judgedBoxes } from './quality-chart.ts';
import type { Quality } from './quality-chart.ts';
import { workflowBoxes } from './workflow-chart.ts';
import type { RunState } from './workflow-chart.ts';

/** Charts of objects as the server, or a file, has them. */

export function collaborationChart(collaboration: Unstructured): Chart {
  const { steps } = workflowOf(collaboration['spec'] as Parameters<typeof workflowOf>[0]);
  return { title: titleOf(collaboration), boxes: workflowBoxes(steps) };
}

/** @param collaboration the one that the Team names, if it names one */
export function teamChart(team: Unstructured, collaboration: Unstructured | undefined): Chart {
  const { collaborationModel, quality } = fieldsOf(team['spec']);
  const work = collaboration === undefined ? memberBoxes(team) : collaborationChart(collaboration).boxes;
  const title =
    collaboration === undefined
      ? `${titleOf(team)}: ${text(collaborationModel) || 'workflow'}`
      : titleOf(team);
  return { title, boxes: quality === undefined ? work : judgedWork(work, quality as Quality) };
}

/** Those who work; those who judge come after them. */
function memberBoxes(team: Unstructured): readonly Box[] {
  const { members, collaborationModel, quality } = fieldsOf(team['spec']);
  const judges = quality === undefined ? [] : judgesIn(quality as Quality).map(({ name }) => name);
  const workers = listOf(members).filter((member) => !judges.includes(memberName(member)));
  const names = workers.map(memberName);
  const leader = workers.findIndex(({ role }) => role === 'leader');
  if (collaborationModel === 'pipeline') return inTurn(names);
  const first = names[Math.max(0, leader)] ?? '';
  if (collaborationModel === 'solo') return [box(first, [])];
  const others = names.filter((name) => name !== first);
  const before = leader < 0 ? [] : [first];
  return [box(first, [], ['leader']), ...others.map((name) => box(name, before))];
}

/** The work in a frame, or as its one box, and those who judge what comes of it. */
function judgedWork(boxes: readonly Box[], quality: Quality): Box[] {
  const [only, ...more] = boxes;
  const work: Box =
    only !== undefined && more.length === 0 ? only : { name: 'work', notes: [], arrows: [], boxes };
  const { judges, back } = judgedBoxes(quality, work.name);
  return [{ ...work, arrows: [...work.arrows, ...back] }, ...judges];
}

/** @param revision what the Task was started with */
export function taskChart(task: Unstructured, revision: Unstructured | undefined): Chart {
  const { status, subTasks } = fieldsOf(task['status']);
  const records = listOf(subTasks);
  const title = `${titleOf(task)}: ${text(status) || 'PENDING'}`;
  const spec = fieldsOf(revision?.['spec']);
  const whole = fieldsOf(spec['program']);
  const program = whole['kind'] === 'quality' ? fieldsOf(whole['inner']) : whole;
  const states = records.map((record): RunState => ({
    node: text(record['node']),
    status: text(record['status']),
  }));
  if (program['kind'] !== 'workflow') return { title, boxes: nodeBoxes(records, listOf(spec['nodes'])) };
  const planning = records.filter(({ node }) => node === 'plan' || node === 'plan-again');
  const given = listOf(fieldsOf(program['workflow'])['steps']) as unknown as Step[];
  const written = listOf(fieldsOf(fieldsOf(planning.at(-1)?.['result'])['output'])['steps']);
  const steps = given.length === 0 ? written.map(writtenStep) : given.map((step) => filled(step, written));
  // Those of a Team that asks for the quality of a workflow.
  const judging = whole === program ? [] : records.filter(({ node }) => JUDGING.test(text(node)));
  return {
    title,
    boxes: [...nodeBoxes(planning, []), ...workflowBoxes(steps, states), ...nodeBoxes(judging, [])],
  };
}

/** Ids of nodes of the layer around the whole work. */
const JUDGING = /^(?:v\d+(?:-.*)?|choice-\d+)$/;

/** A step as a leader has written it. */
function writtenStep({ name, participant, dependsOn, run }: JsonObject): Step {
  const needs = listOfTexts(dependsOn);
  const work =
    text(run) === '' ? { participants: [text(participant)] } : { action: { script: { run: text(run) } } };
  return { name: text(name), ...work, ...(needs.length === 0 ? {} : { dependsOn: needs }) };
}

function filled(step: Step, written: readonly JsonObject[]): Step {
  const inside = written.filter(({ place }) => place === step.name).map(writtenStep);
  return step.fill === undefined || inside.length === 0 ? step : { ...step, steps: inside };
}

function nodeBoxes(records: readonly JsonObject[], nodes: readonly JsonObject[]): Box[] {
  const titles = new Map(records.map((record) => [text(record['node']), uniqueTitle(record, records)]));
  return records.map((record, index) => {
    const node = nodes.find(({ id }) => id === record['node']);
    const before = node === undefined ? [text(records[index - 1]?.['node'])] : listOfTexts(node['needs']);
    const arrows = before.flatMap((id) => {
      const from = titles.get(id);
      return from === undefined ? [] : [{ from, label: '' }];
    });
    return { name: uniqueTitle(record, records), notes: [], state: text(record['status']), arrows };
  });
}

function uniqueTitle({ title, node }: JsonObject, records: readonly JsonObject[]): string {
  const same = records.filter((other) => other['title'] === title).length;
  return same > 1 ? `${text(title)} (${text(node)})` : text(title);
}

function inTurn(names: readonly string[]): Box[] {
  const unique = names.map((name, index) =>
    names.indexOf(name) === index ? name : `${name} (${index + 1})`,
  );
  return unique.map((name, index) => {
    const from = unique[index - 1];
    return box(name, from === undefined ? [] : [from]);
  });
}

const box = (name: string, before: readonly string[], notes: readonly string[] = []): Box => ({
  ...{ name, notes },
  arrows: before.map((from) => ({ from, label: '' })),
});

const memberName = ({ name, role, botRef }: JsonObject): string =>
  text(name) || text(role) || text(fieldsOf(botRef)['name']);

const titleOf = ({ kind, metadata }: Unstructured): string => `${kind} ${metadata.name}`;

const listOf = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.map(fieldsOf) : []);

const listOfTexts = (value: unknown): string[] => (Array.isArray(value) ? value.map(text) : []);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
