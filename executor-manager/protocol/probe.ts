import type { RepositoryAccess, ToolLevel } from './run.ts';

/**
 * A check that a runner makes in place of a run. A probe leaves nothing behind: a manager that has lost the answer asks again.
 */
export interface ProbeRequest {
  /** Whether agents can work in the image that the runner is in. */
  image?: {
    /** The type of Shell whose agents are to work there. */
    shellType?: string;
    /** A name, looked for in PATH, or a path. */
    program?: string;
  };
  /** Whether an MCP server answers, and which tools it has; as in MCPServer, with the real values. */
  mcpServer?: Record<string, unknown>;
  /** Whether a folder of a repository is a skill; its package is in the answer. */
  skill?: {
    repository: RepositoryAccess;
    /** A branch, a tag, a full name below refs/ or a whole commit id; where HEAD of the remote is when absent. */
    ref?: string;
    /** The folder with the SKILL.md, relative to the repository; the repository itself when absent. */
    path?: string;
  };
  /** Wall time of all of it. */
  timeoutSeconds: number;
}

/** As Sandbox.status.probeResult. */
export interface ProbeResult {
  ok: boolean;
  /** A sentence for people. */
  message: string;
  checks: ProbeCheck[];
  protocolVersion?: string;
  serverInfo?: { name?: string; version?: string };
  tools?: ProbedTool[];
  skill?: {
    /** The id of the commit that it was taken from. */
    commit: string;
    /** Its package, in base64. */
    zip: string;
  };
}

export interface ProbeCheck {
  /** One word, once in a result. */
  name: string;
  ok: boolean;
  message: string;
}

export interface ProbedTool {
  name: string;
  description?: string;
  inputSchema?: Record<string, unknown>;
  /** The level that the server proposes; nobody relies on it. */
  annotations?: Record<string, unknown>;
  /** `sha256:HEX` of all that the server says of the tool. */
  hash?: string;
  /** The level that the annotations propose. */
  proposedLevel?: ToolLevel;
}
