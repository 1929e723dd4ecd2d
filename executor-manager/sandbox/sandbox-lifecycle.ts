import type { Sandbox } from '#api/types/generated/sandbox';

/** Takes one Sandbox from where it stands to its end, whatever it is for. */
export interface SandboxLifecycle {
  /** Resolves when there is nothing left to do, or it was interrupted by a stop of the manager. */
  readonly done: Promise<void>;
  /** The runtime that is the Sandbox's, as soon as there may be one. */
  readonly runtimeID: string | undefined;
  /** The newest state of the Sandbox; undefined when it is gone. */
  observe(next: Sandbox | undefined): void;
  /** Leaves the sandbox as it is, for the next manager. */
  stop(): void;
}
