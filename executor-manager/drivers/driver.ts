import type { RegistryCredential } from '../runtime/registry-credential.ts';
import type { Writable } from 'node:stream';
import { isPlainName } from '../kept-files.ts';

/**
 * The thing that runs runtimes: Docker is one, plain processes another. A runtime is a runner with a workspace of its
 * own, known by an id that the caller makes. It knows no Sandbox and no Task: a run is assigned to it later, over the
 * protocol of the runner.
 */
export interface RuntimeDriver {
  /** `docker`, `kubernetes` or `process`, for people. */
  readonly name: string;
  readonly capabilities: DriverCapabilities;
  /** Whether runtimes can be started now. Never throws: the answer says why not and what to do about it. */
  check(): Promise<EngineState>;
  /**
   * Creates and starts a runtime. Idempotent: one of the same id that is there is started when it is not running, and
   * has the workspace that it had. Waits for a free port where the driver publishes one, and for its image to be
   * pulled; `signal` ends that.
   * Throws ImageUnavailable when the image cannot be had or not be used; StatusError: ServiceUnavailable while the
   * engine is away (try again), anything else for good.
   */
  start(spec: RuntimeSpec, signal: AbortSignal, onProgress?: OnProgress): Promise<Runtime>;
  /** All that this executor has made and not removed, running or not, also where only the workspace is left. */
  list(): Promise<Runtime[]>;
  /** Resolves when the runtime has ended or is gone, not before; rejects only when `signal` aborts. */
  exited(id: string, signal: AbortSignal): Promise<RuntimeExit>;
  /** Ends whatever runs in it, at once, and keeps its workspace where the driver can. Resolves when nothing runs in it; idempotent. */
  stop(id: string): Promise<void>;
  /**
   * Lets nothing in a runtime go on, and keeps all of it, until `resume`; both are idempotent, and one that has ended or is
   * gone is fine. A runtime that pauses counts as running. Absent where there is no way to do so.
   */
  pause?(id: string): Promise<void>;
  resume?(id: string): Promise<void>;
  /**
   * Runs a program beside what runs in the runtime, as the same user and behind the same barrier. Absent where there is
   * no barrier. @throws StatusError NotFound, BadRequest when it cannot be started
   */
  exec?(id: string, spec: ExecSpec): Promise<ExecProcess>;
  /** The processor time and memory that each running one has used; absent where a driver cannot say it. @throws StatusError */
  usage?(): Promise<RuntimeUsage[]>;
  /** Ends it and removes it with its workspace. Resolves when nothing of it is left; idempotent. */
  remove(id: string): Promise<void>;
}

export interface RuntimeUsage {
  /** Of the runtime. */
  id: string;
  /** Processor time since it was started. */
  cpuSeconds: number;
  memoryBytes: number;
}

/**
 * Told what a start waits for that may take long, as a sentence for people; not more than every few seconds. That is the
 * image of the runtime, unless `pulling` is false.
 */
export type OnProgress = (message: string, about?: { pulling: boolean }) => void;

/** The abilities of a driver; nobody asks for its name. */
export interface DriverCapabilities {
  /** The barrier between a runtime and the machine it runs on. */
  readonly isolation: 'container' | 'none';
  /** The ports of the machine that its runtimes are published on, one each; absent: they are reached another way. */
  readonly ports?: PublishedPorts;
  /** Limits that it keeps by itself; the runner guards the size of the workspace in any case. */
  readonly limits: readonly (keyof RuntimeLimits)[];
  /** True where the workspace goes when its runtime ends or is stopped: what it had cannot be fetched then. */
  readonly workspaceEndsWithRuntime?: boolean;
}

export interface PublishedPorts {
  /** Both ends included. */
  readonly min: number;
  readonly max: number;
  /** How many runtimes have one, running or not. */
  inUse(): number;
}

export interface EngineState {
  ready: boolean;
  /** A sentence for people. */
  message: string;
  /** Absent while the engine is away. */
  platform?: Platform;
}

/** The platform of the runtimes, in the words of Go: `amd64`, `linux`. */
export interface Platform {
  arch: string;
  os: string;
}

/** A runtime that is to be started. */
export interface RuntimeSpec {
  /** See isRuntimeID. */
  id: string;
  /** See RUNNER_ENV.tokenHash. */
  tokenHash: string;
  /** Absent: the configured one. */
  image?: string;
  /** Reads the credential for the registry of the image; asked only where it is pulled. */
  registryCredential?: () => Promise<RegistryCredential | undefined>;
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

/** A program that a person runs in a runtime. */
export interface ExecSpec {
  /** A UUID, which the runner finds it by (protocol/exec). */
  id: string;
  command: readonly string[];
  /** Whether it has standard input. */
  stdin: boolean;
  /** Whether it has a terminal: its output is one stream then. */
  tty: boolean;
  /** Of the terminal at first; absent: not known. */
  size?: TerminalSize;
}

export interface TerminalSize {
  columns: number;
  rows: number;
}

export interface ExecProcess {
  /** Standard input; ending it closes that of the program. */
  readonly input: Writable;
  /** Until the program has ended; it waits for who reads. */
  readonly output: AsyncIterable<ExecOutput>;
  resize(size: TerminalSize): Promise<void>;
  /** Of the program that has ended. */
  exitCode(): Promise<number>;
  /** Lets go of it, whether it has ended or not. */
  close(): void;
}

export interface ExecOutput {
  stream: 'stderr' | 'stdout';
  data: Buffer;
}

export interface RuntimeAddress {
  host: string;
  port: number;
  /** Advice for people where nothing answers there. */
  hint?: string;
}

/** A runtime that was started. */
export interface Runtime {
  id: string;
  /** People find it by this: the name of a container, or `pid/PID`. */
  name: string;
  /** Where the runner listens, seen from the manager. */
  address: RuntimeAddress;
  /** Id of the runner that it shares with others, whose token the runner knows; absent: a runner of its own. */
  sharedRunner?: string;
  running: boolean;
  /** True when the kernel has killed something in it because memory ran out, as far as is known. */
  outOfMemory?: boolean;
}

/** How a runtime has ended that is not there any longer. */
export const REMOVED = 'was removed';

export interface RuntimeExit {
  /** How it ended, as the end of a sentence: `exited with code 137`, or REMOVED. */
  how: string;
  /** Whether the kernel killed something in it because memory ran out. */
  outOfMemory: boolean;
  /** True where the engine has ended it, so that nothing in it can have done so. */
  byEngine?: boolean;
}

/** Names and folders are made of it, and a status can be edited: an id leads nowhere else. */
export function isRuntimeID(text: string | undefined): text is string {
  return text !== undefined && isPlainName(text);
}
