export interface ProbeContext {
  /** What agents may see of the runner's environment. */
  environment: Record<string, string>;
  /** Folder of the runtime's workspace. */
  workspace: string;
  /** Aborts when the time is over. */
  signal: AbortSignal;
}
