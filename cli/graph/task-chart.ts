import { fieldsOf } from '#api/machinery/json/json';
import type { Unstructured } from '#api/machinery/meta';
import { taskGraph } from '#controllers/task/unfold/task-graph';
import type { TaskGraph } from '#controllers/task/unfold/task-graph';
import type { Step } from '#workflows/workflow';
import type { Arrow, Box, Chart } from './chart.ts';
import { workflowBoxes } from './workflow-chart.ts';
import type { RunState } from './workflow-chart.ts';

/**
 * A Task as it stands, with the ids of its nodes. The needs of the nodes are worked out as the controller does it, from what the
 * Task was started with and the ends of its nodes.
 * @param revision what it was started with; without it the nodes are drawn without arrows
 */
export function taskChart(task: Unstructured, revision: Unstructured | undefined): Chart {
  type Stored = Parameters<typeof taskGraph>;
  const graph = taskGraph(task as unknown as Stored[0], revision as unknown as Stored[1]);
  const title = `Task ${task.metadata.name}: ${wordOf(task)}`;
  const steps = graph.course?.steps ?? (graph.records.length === 0 ? givenSteps(revision) : []);
  return { title, boxes: new TaskBoxes(graph, steps).boxes() };
}

const wordOf = (task: Unstructured): string => {
  const { status } = fieldsOf(task['status']);
  return typeof status === 'string' ? status : 'PENDING';
};

/** Those of a Task of which nothing has begun. */
function givenSteps(revision: Unstructured | undefined): readonly Step[] {
  const whole = fieldsOf(fieldsOf(revision?.['spec'])['program']);
  const program = whole['kind'] === 'quality' ? fieldsOf(whole['inner']) : whole;
  const { steps } = fieldsOf(program['workflow']);
  return Array.isArray(steps) ? (steps as Step[]) : [];
}

/** The boxes of a Task: the steps of its workflow, and a box for each node that belongs to none. */
class TaskBoxes {
  readonly #runs: readonly RunState[];
  readonly #others: readonly RunState[];
  readonly #steps: readonly Box[];
  readonly #needs: ReadonlyMap<string, readonly string[]>;
  /** By the ids of nodes, the names of their boxes. */
  readonly #names = new Map<string, string>();

  constructor({ records, nodes, heeded, course }: TaskGraph, steps: readonly Step[]) {
    this.#runs = records.map(({ node, status, title = '' }) => ({
      ...{ node, title },
      // A no that was heeded is no failure of the work.
      status: status === 'FAILED' && heeded?.has(node) === true ? 'COMPLETED' : (status ?? 'PENDING'),
    }));
    this.#others = this.#runs.filter(({ node }) => course?.nodes.has(node) !== true);
    const inSteps = this.#runs.filter((run) => !this.#others.includes(run));
    this.#steps = workflowBoxes(steps, { runs: inSteps, results: course?.results ?? new Map() });
    this.#needs = new Map(nodes.map(({ id, needs }) => [id, needs]));
    for (const box of this.#steps) for (const id of idsIn(box)) this.#names.set(id, box.name);
    for (const run of this.#others) this.#names.set(run.node, nameOf(run));
  }

  /** In the order of their nodes: what a leader does before a workflow stands above it, what judges and people say below. */
  boxes(): Box[] {
    const first = this.#runs.findIndex((run) => !this.#others.includes(run));
    const before = this.#others.filter((run) => first < 0 || this.#runs.indexOf(run) < first);
    const after = this.#others.filter((run) => !before.includes(run));
    const steps = this.#steps.map((box) => ({ ...box, arrows: [...box.arrows, ...this.#fromOutside(box)] }));
    return [...this.#nodeBoxes(before), ...steps, ...this.#nodeBoxes(after)];
  }

  #nodeBoxes(runs: readonly RunState[]): Box[] {
    return runs.map((run) => {
      const arrows = this.#arrowsTo([run.node]);
      return { name: nameOf(run), notes: [], state: run.status, arrows };
    });
  }

  /** Needs of the nodes of a step that belong to no step: the plan of the leader, say. */
  #fromOutside(box: Box): Arrow[] {
    const outside = new Set(this.#others.map(nameOf));
    return this.#arrowsTo(idsIn(box)).filter(({ from }) => outside.has(from));
  }

  #arrowsTo(ids: readonly string[]): Arrow[] {
    const names = ids.flatMap((id) => this.#needs.get(id) ?? []).flatMap((id) => this.#names.get(id) ?? []);
    return [...new Set(names)].map((from) => ({ from, label: '' }));
  }
}

/** Titles are for people, and several nodes may have the same. */
const nameOf = ({ title, node }: RunState): string =>
  title === '' || title === node ? node : `${title} (${node})`;

const idsIn = ({ ids = [], boxes = [] }: Box): string[] => [...ids, ...boxes.flatMap(idsIn)];
