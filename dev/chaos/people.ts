import { APPROVALS } from '#api/types/resources';
import type { Task } from '#api/types/generated/task';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import { refOf } from '#api/machinery/resource-type';
import type { PersistentClient } from './persistent-client.ts';
import type { Scenario } from './scenario.ts';
import { taskMark } from './services.ts';

export interface PeopleOptions {
  user: PersistentClient;
  scenarioOf: (task: string) => Scenario | undefined;
}

/** The people around the Tasks: they approve whatever they are asked, and say one more thing when a Task has ended. */
export class People {
  readonly #options: PeopleOptions;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  /** Does what is expected of them at this moment. */
  async attend(): Promise<void> {
    await this.#decide();
    const { user } = this.#options;
    for (const task of await user.tasks()) {
      const words = this.#words(task);
      if (words === undefined || !isFinalTaskStatus(task.status?.status)) continue;
      // A request whose answer was lost may have come through; the id makes the second one harmless.
      await user.say(refOf(task), { id: 'more', text: words });
    }
  }

  /** Whether they have nothing more to say. */
  isDone(task: Task): boolean {
    return this.#words(task) === undefined;
  }

  #words({ metadata: { name }, spec }: Task): string | undefined {
    const { followUp } = this.#options.scenarioOf(name) ?? {};
    if (followUp === undefined || (spec.messages ?? []).length > 0) return undefined;
    return `${followUp} ${taskMark(name)}`;
  }

  async #decide(): Promise<void> {
    const { user } = this.#options;
    const { items } = await user.persist((client) => client.list(APPROVALS));
    for (const approval of items.filter(({ status }) => status?.decision === undefined)) {
      const body = { status: { decision: 'Approved' } };
      await user.persist((client) =>
        client.patch(APPROVALS, refOf(approval), { type: 'merge', subresource: 'status', body }),
      );
    }
  }
}
