import type { ToolLevel } from '#executor-manager/protocol/run';

/** Tools of the program that only read, and those that change what belongs to the run. All others are privileged. */
const LEVELS: Readonly<Record<string, ToolLevel | undefined>> = {
  Read: 'readOnly',
  Glob: 'readOnly',
  Grep: 'readOnly',
  LSP: 'readOnly',
  ListAgents: 'readOnly',
  ListMcpResourcesTool: 'readOnly',
  ToolSearch: 'readOnly',
  TaskOutput: 'readOnly',
  TaskGet: 'readOnly',
  TaskList: 'readOnly',
  Edit: 'safe',
  Write: 'safe',
  NotebookEdit: 'safe',
  TodoWrite: 'safe',
  TaskCreate: 'safe',
  TaskUpdate: 'safe',
  TaskStop: 'safe',
  Skill: 'safe',
  ReportFindings: 'safe',
  // An agent of the agent asks for its acts like every other one.
  Agent: 'safe',
  Task: 'safe',
  SendMessage: 'safe',
};

export function toolLevel(tool: string): ToolLevel {
  return LEVELS[tool] ?? 'privileged';
}
