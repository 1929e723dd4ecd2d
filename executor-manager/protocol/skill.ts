/** A skill of the agent, whose package was put before the run. */
export interface RunSkill {
  /** Also the name of its folder: lower-case letters, digits and single hyphens (https://agentskills.io/specification). */
  name: string;
  /** SHA-256 of its package in hex. */
  hash: string;
  description: string;
  /** Its instructions are part of the system prompt. */
  preload?: boolean;
  /** For the instructions and the checks. */
  parameters?: Record<string, unknown>;
  checks?: RunCheck[];
}

/** A program that has to end with code 0 before the agent starts, or when it has ended. */
export interface RunCheck {
  name: string;
  when: 'before' | 'after';
  /** The program and its arguments; one that begins with `./` is a file of the skill. */
  command: string[];
  /** 60 when absent. */
  timeoutSeconds?: number;
}
