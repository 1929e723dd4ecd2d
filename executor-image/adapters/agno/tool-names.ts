import type { ToolLevel } from '#executor-manager/protocol/run';

/** The library's tools under the names that policies and events of all agents use. */
const NAMES: ReadonlyMap<string, { name: string; level: ToolLevel }> = new Map([
  ['run_shell', { name: 'Bash', level: 'privileged' }],
  ['read_file', { name: 'Read', level: 'readOnly' }],
  ['write_file', { name: 'Write', level: 'safe' }],
  ['edit_file', { name: 'Edit', level: 'safe' }],
  ['grep', { name: 'Grep', level: 'readOnly' }],
  ['find', { name: 'Glob', level: 'readOnly' }],
  ['ls', { name: 'LS', level: 'readOnly' }],
  // To speak to the members of a team, to plan their work, and to remember changes nothing outside.
  ...['delegate_task_to_member', 'delegate_task_to_members', 'update_user_memory'].map(inner),
  ...['create_task', 'execute_task', 'execute_tasks_parallel', 'update_task_status', 'list_tasks'].map(inner),
  ...['add_task_note', 'mark_all_complete'].map(inner),
]);

function inner(name: string): [string, { name: string; level: ToolLevel }] {
  return [name, { name, level: 'readOnly' }];
}

/** A tool of another name is privileged. */
export function toolOf(name: string): { name: string; level: ToolLevel } {
  return NAMES.get(name) ?? { name, level: 'privileged' };
}
