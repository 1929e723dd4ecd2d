/** A fixed action in place of an agent: one of the three. Its texts are final, and its values the real ones. */
export interface RunAction {
  script?: RunScript;
  http?: RunHttpCall;
  mcp?: RunToolCall;
}

/** One of `command` and `run`. */
export interface RunScript {
  command?: string[];
  run?: string;
  /** Reads the text of `run` from a file, whose path comes last; `sh -e` when absent. */
  shell?: string[];
  env?: Record<string, string>;
  /** In the file that TROUPE_INPUT names. */
  inputs?: Record<string, unknown>;
  /** Relative to the folder that agents work in. */
  workingDirectory?: string;
}

export interface RunHttpCall {
  /** GET when absent. */
  method?: string;
  url: string;
  headers: RunHeader[];
  body?: string;
  /** The statuses that are a success; any of 200 to 299 when absent. */
  expectedStatus?: number[];
  timeoutSeconds: number;
  /** Of the body of the answer. */
  maxBytes: number;
  /** The same for all attempts, so that a service which knows the header does it once. */
  idempotencyKey: string;
}

export interface RunHeader {
  name: string;
  value: string;
  /** The part of the value that comes from a Secret: it is shown nowhere. */
  secret?: string;
}

/** The server is the one in `agent.mcpServers`. */
export interface RunToolCall {
  server: string;
  tool: string;
  arguments: Record<string, unknown>;
}
