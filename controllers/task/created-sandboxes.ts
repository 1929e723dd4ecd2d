import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';

/** After this long without a sign of it, a Sandbox that was made is looked for as if it had not been. Milliseconds. */
const UNSEEN_MS = 60_000;

interface Expected {
  /** Absent while the server has not answered. */
  sandbox?: Sandbox;
  cancel: () => void;
}

export interface CreatedSandboxesOptions {
  clock: Pick<Clock, 'after'>;
  /** Called with the key of a Task whose Sandbox the cache has not shown for a minute. */
  onUnseen: (taskKey: string) => void;
}

/**
 * Sandboxes that this process has made and that the cache does not show yet. The status of a Task, written just before, wakes
 * its reconciler again at once; without them, it would ask for each Sandbox a second time (client-go's controllers expect
 * their Pods for the same reason, kubernetes pkg/controller/controller_utils.go).
 */
export class CreatedSandboxes {
  /** By the uid of the Task, then by key. */
  readonly #expected = new Map<string, Map<string, Expected>>();
  readonly #options: CreatedSandboxesOptions;

  constructor(options: CreatedSandboxesOptions) {
    this.#options = options;
  }

  /** It is about to be made. */
  expect(sandbox: Sandbox): void {
    this.forget(sandbox);
    const { clock, onUnseen } = this.#options;
    const { namespace = '' } = sandbox.metadata;
    const cancel = clock.after(UNSEEN_MS, () => {
      this.forget(sandbox);
      onUnseen(objectKey({ namespace, name: sandbox.spec.taskRef?.name ?? '' }));
    });
    const ofTask = this.#expected.get(taskOf(sandbox)) ?? new Map<string, Expected>();
    this.#expected.set(taskOf(sandbox), ofTask.set(objectKey(sandbox.metadata), { cancel }));
  }

  /** The server has made it; the cache may have been faster to say so. */
  made(sandbox: Sandbox): void {
    const expected = this.#expected.get(taskOf(sandbox))?.get(objectKey(sandbox.metadata));
    if (expected !== undefined) expected.sandbox = sandbox;
  }

  /** The cache has shown it, or the server has not made it. */
  forget(sandbox: Sandbox): void {
    const uid = taskOf(sandbox);
    const key = objectKey(sandbox.metadata);
    const ofTask = this.#expected.get(uid);
    ofTask?.get(key)?.cancel();
    ofTask?.delete(key);
    if (ofTask?.size === 0) this.#expected.delete(uid);
  }

  /** Those of the Task that the cache does not show yet. */
  of(taskUID: string): Sandbox[] {
    return [...(this.#expected.get(taskUID)?.values() ?? [])].flatMap(({ sandbox }) => sandbox ?? []);
  }
}

const taskOf = ({ spec }: Sandbox): string => spec.taskRef?.uid ?? '';
