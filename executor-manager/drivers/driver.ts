/** What the manager needs of the thing that runs sandboxes. Docker is one, plain processes another. */
export interface SandboxDriver {
  readonly kind: 'docker' | 'process';
  readonly isolation: 'container' | 'none';
  /** Whether sandboxes can be started now. Never throws: the answer says why not and what to do about it. */
  check(): Promise<EngineState>;
  /**
   * Creates and starts a sandbox. Idempotent: one that exists for the same uid is started when it is not running.
   * Throws StatusError: ServiceUnavailable while the engine is away (try again), Conflict when the port is in
   * use (take another one), anything else for good.
   */
  start(spec: RuntimeSpec): Promise<Runtime>;
  /** Everything that this executor has made and not removed, running or not. */
  list(): Promise<Runtime[]>;
  /** Resolves when the sandbox has ended or is gone, not before; rejects only when `signal` aborts. */
  exited(runtime: Runtime, signal: AbortSignal): Promise<RuntimeExit>;
  /** Ends the sandbox and whatever runs in it, at once. Resolves when nothing of it is left; idempotent. */
  remove(sandboxUID: string): Promise<void>;
  /** The volumes of Tasks that this executor has made. */
  listVolumes(): Promise<TaskVolume[]>;
  /** Idempotent. Throws StatusError Conflict while a sandbox uses it. */
  removeVolume(taskUID: string): Promise<void>;
}

export interface EngineState {
  ready: boolean;
  /** A sentence for people. */
  message: string;
}

/** A sandbox that is to be started. */
export interface RuntimeSpec {
  sandbox: { namespace: string; name: string; uid: string };
  task: { name: string; uid: string };
  /** Host port of the runner. */
  port: number;
  /** See RUNNER_ENV.tokenHash. */
  tokenHash: string;
  /** Absent: the configured one. */
  image?: string;
  limits: RuntimeLimits;
}

export interface RuntimeLimits {
  /** Bytes. */
  memory: number;
  /** Cores. */
  cpus: number;
  /** Processes and threads. */
  pids: number;
  /** Bytes that the files of the workspace may take. The runner guards it; a driver limits what it can. */
  disk: number;
}

/** A sandbox that was started. */
export interface Runtime {
  /** Container id or `pid/PID`. */
  id: string;
  sandboxUID: string;
  taskUID: string;
  /** Where the runner listens, seen from the manager. */
  address: { host: string; port: number };
  running: boolean;
  /** True when the kernel has killed something in it for want of memory, as far as is known. */
  outOfMemory?: boolean;
}

export interface RuntimeExit {
  /** How it ended, as the end of a sentence: `exited with code 137`, `was removed`. */
  how: string;
  /** Whether the kernel killed something in it for want of memory. */
  outOfMemory: boolean;
}

export interface TaskVolume {
  taskUID: string;
  task: { namespace: string; name: string };
}
