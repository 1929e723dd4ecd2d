import type { Task, TaskSubTask } from '#api/types/generated/task';
import type { Step, Workflow } from '#workflows/workflow';
import { validateGraph } from '../../graph/graph.ts';
import type { PlannedNode } from '../../graph/graph.ts';
import type { NodeRecord } from '../../node-record.ts';
import type { Unfolded } from '../unfold.ts';
import type { WorkflowProgram } from './workflow-program.ts';
import { unfoldWorkflow } from './unfold-workflow.ts';

/** Workflows under way, for tests. */

const WORKER = {
  usesWorkspace: true,
  shell: { type: 'ClaudeCode' },
  agent: { botName: 'b', ghostRef: { name: 'g' } },
} as const;
const MEMBERS = { coder: WORKER, tester: WORKER, talker: { ...WORKER, usesWorkspace: false } };

/** How a run ends: its answer, or a failure. */
export type End = { value: string } | { reason: string };

/** A Task under way: its nodes end one after the other. */
export class Course {
  readonly #workflow: Workflow;
  readonly #parameters: Record<string, unknown>;
  #records: readonly NodeRecord[] = [];

  readonly #program: Partial<WorkflowProgram>;

  constructor(
    workflow: Workflow,
    parameters: Record<string, unknown> = {},
    program: Partial<WorkflowProgram> = {},
  ) {
    this.#program = program;
    this.#workflow = workflow;
    this.#parameters = parameters;
  }

  get #whole(): WorkflowProgram {
    return { kind: 'workflow', mode: 'script', workflow: this.#workflow, ...this.#program };
  }

  get unfolded(): Unfolded {
    const spec = { title: 'T', prompt: 'ASK', teamRef: { name: 't' }, parameters: this.#parameters };
    const subTasks = this.#records as TaskSubTask[];
    const task = { metadata: { name: 'task' }, spec, status: { subTasks } } as unknown as Task;
    const ended = (id: string) =>
      this.#records.find(({ node, status }) => node === id && status !== 'RUNNING');
    const unfolded = unfoldWorkflow({
      revision: {
        ...{ teamRef: { name: 't' }, mode: 'workflow', nodes: [], members: MEMBERS },
        program: this.#whole,
      },
      history: { task, ended },
    });
    const problem = validateGraph(unfolded.nodes);
    if (problem !== undefined) throw new Error(problem);
    return unfolded;
  }

  /** Nodes that are under way; they are written down, and those that are skipped end at once. */
  open(): PlannedNode[] {
    for (;;) {
      const known = new Map(this.#records.map((record) => [record.node, record]));
      const { nodes } = this.unfolded;
      const missing = [...known.keys()].filter((id) => !nodes.some((node) => node.id === id));
      if (missing.length > 0) throw new Error(`${missing.join()} was there, and is not`);
      const fresh = nodes.filter(({ id }) => !known.has(id));
      if (fresh.length === 0) return nodes.filter(({ id }) => known.get(id)?.status === 'RUNNING');
      const begun = fresh.map(({ id, name, skip }): NodeRecord =>
        skip === undefined
          ? { node: id, title: name, status: 'RUNNING' }
          : { node: id, title: name, status: 'SKIPPED', message: skip },
      );
      this.#records = [...this.#records, ...begun];
    }
  }

  /** @throws Error where no such node is under way */
  end(id: string, end: End): void {
    const node = this.open().find((one) => one.id === id);
    if (node === undefined) throw new Error(`no ${id} under way: ${this.ids().join(', ')}`);
    this.#records = this.#records.map((record) => (record.node === id ? endOf(record, end) : record));
  }

  ids(): string[] {
    return this.open().map(({ id }) => id);
  }

  node(id: string): PlannedNode | undefined {
    return this.unfolded.nodes.find((one) => one.id === id);
  }
}

/** A run whose answer has to fit a schema tells it as a value, too. */
function outputOf(value: string): { output?: unknown } {
  return value.startsWith('{"') ? { output: JSON.parse(value) as unknown } : {};
}

function endOf(record: NodeRecord, end: End): NodeRecord {
  return 'value' in end
    ? { ...record, status: 'COMPLETED', result: { value: end.value, ...outputOf(end.value) } }
    : { ...record, status: 'FAILED', errorMessage: `${end.reason}: It broke.` };
}

export const step = (name: string, more: Partial<Step> = {}): Step => ({
  name,
  participants: ['coder'],
  ...more,
});
export const ok = (value = 'ok'): End => ({ value });
export const broken: End = { reason: 'AgentFailed' };
