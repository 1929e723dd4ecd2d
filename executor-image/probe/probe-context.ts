export interface ProbeContext {
  /** The part of the runner's environment that agents may see. */
  environment: Record<string, string>;
  /** Folder of the runtime's workspace. */
  workspace: string;
  /** Aborts when the time is over. */
  signal: AbortSignal;
}
