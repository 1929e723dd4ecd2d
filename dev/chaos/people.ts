import { setTimeout as delay } from 'node:timers/promises';
import { APPROVALS } from '#api/types/resources';
import type { Task } from '#api/types/generated/task';
import { refOf } from '#api/machinery/resource-type';
import type { Random } from '../random.ts';
import type { Deed, Person } from './scenario.ts';
import type { TaskScenario } from './scenario.ts';

export interface PeopleOptions extends Person {
  /** Says at which moments they act. */
  random: Random;
}

/** The acts of people on a Task that are still to come. */
interface Plan {
  scenario: TaskScenario;
  left: { deed: Deed; afterMs: number }[];
  /** When the first of them is due, as of performance.now(); undefined before its time has come. */
  due: number | undefined;
}

const LOOK_MS = 300;

/** The people around the Tasks: they decide whatever they are asked, and do what their scenarios say. */
export class People {
  readonly #options: PeopleOptions;
  readonly #plans = new Map<string, Plan>();

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  /** A Task is about to be handed in. */
  expect(task: string, scenario: TaskScenario): void {
    if (this.#plans.has(task)) return;
    const { random } = this.#options;
    const left = (scenario.deeds ?? []).map((deed) => ({
      deed,
      // Nothing is drawn for forks, since the moment at which they come would change all that is drawn later.
      afterMs: deed.withinMs === undefined ? 0 : random.below(deed.withinMs),
    }));
    this.#plans.set(task, { scenario, left, due: undefined });
  }

  /** The Tasks for which they have not done all. */
  unattended(): string[] {
    return [...this.#plans].filter(([, { left }]) => left.length > 0).map(([task]) => task);
  }

  /** Looks again and again, whoever is away. Resolves after `signal`; rejects where somebody is refused what he may do. */
  async attendUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#decide();
      const tasks = await this.#options.user.tasks();
      await Promise.all(tasks.map((task) => this.#attend(task)));
      await delay(LOOK_MS);
    }
  }

  async #attend(task: Task): Promise<void> {
    const plan = this.#plans.get(task.metadata.name);
    const next = plan?.left[0];
    if (plan === undefined || next === undefined) return;
    const { deed, afterMs } = next;
    if (plan.due === undefined && deed.when?.(task) === false) return;
    plan.due ??= performance.now() + afterMs;
    if (performance.now() < plan.due) return;
    await deed.act(this.#options, task);
    plan.left.shift();
    plan.due = undefined;
  }

  async #decide(): Promise<void> {
    const { user } = this.#options;
    const { items } = await user.persist((client) => client.list(APPROVALS));
    const open = items.filter(({ status }) => status?.phase === undefined || status.phase === 'Pending');
    for (const approval of open) {
      const plan = this.#plans.get(approval.spec.taskRef.name);
      const body = { status: plan?.scenario.decision ?? { decision: 'Approved' } };
      await user.decide(refOf(approval), body);
    }
  }
}
