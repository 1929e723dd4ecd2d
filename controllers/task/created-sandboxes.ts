import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';

/** After this long without a sign of it, a Sandbox that was made is looked for as if it had not been. Milliseconds. */
export const UNSEEN_MS = 60_000;

interface Expected {
  /** Absent while the server has not answered. */
  sandbox?: Sandbox;
  at: number;
}

/**
 * Sandboxes that this process has made and that the cache does not show yet. The status of a Task, written just before, wakes
 * its reconciler again at once; without them, it would ask for each Sandbox a second time (client-go's controllers expect
 * their Pods for the same reason, kubernetes pkg/controller/controller_utils.go).
 */
export class CreatedSandboxes {
  /** By the uid of the Task, then by key. */
  readonly #expected = new Map<string, Map<string, Expected>>();
  readonly #clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** It is about to be made. */
  expect(sandbox: Sandbox): void {
    const uid = taskOf(sandbox);
    const ofTask = this.#expected.get(uid) ?? new Map<string, Expected>();
    this.#expected.set(uid, ofTask.set(objectKey(sandbox.metadata), { at: this.#clock.now() }));
  }

  /** The server has made it; the cache may have been faster to say so. */
  made(sandbox: Sandbox): void {
    const expected = this.#expected.get(taskOf(sandbox))?.get(objectKey(sandbox.metadata));
    if (expected !== undefined) expected.sandbox = sandbox;
  }

  /** The cache has shown it, or the server has not made it. */
  forget(sandbox: Sandbox): void {
    const uid = taskOf(sandbox);
    const ofTask = this.#expected.get(uid);
    ofTask?.delete(objectKey(sandbox.metadata));
    if (ofTask?.size === 0) this.#expected.delete(uid);
  }

  /** Those of the Task that the cache does not show yet. */
  of(taskUID: string): Sandbox[] {
    const expected = [...(this.#expected.get(taskUID)?.values() ?? [])];
    return expected.flatMap(({ sandbox, at }) => {
      if (sandbox === undefined || this.#clock.now() - at < UNSEEN_MS) return sandbox ?? [];
      this.forget(sandbox);
      return [];
    });
  }
}

const taskOf = ({ spec }: Sandbox): string => spec.taskRef?.uid ?? '';
