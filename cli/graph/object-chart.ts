import { fieldsOf } from '#api/machinery/json/json';
import type { JsonObject } from '#api/machinery/json/json';
import type { Unstructured } from '#api/machinery/meta';
import { workflowOf } from '#workflows/workflow';
import { judgesIn } from '#api/types/teams/quality';
import type { Box, Chart } from './chart.ts';
import { judgedBoxes } from './quality-chart.ts';
import type { Quality } from './quality-chart.ts';
import { workflowBoxes } from './workflow-chart.ts';

/** Charts of Collaborations and Teams as the server, or a file, has them. */

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

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
