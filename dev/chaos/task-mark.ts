/** `[[NAME]]` in every prompt says for which Task it is. */
export const taskMark = (task: string): string => `[[${task}]]`;

/** In RE2, as scripts of models have it; group `task`. */
export const TASK_MARK = String.raw`\[\[(?P<task>[a-z0-9-]+)\]\]`;

const MARK = /\[\[([a-z0-9-]+)\]\]/;

export function markedTask(prompt: string): string | undefined {
  return MARK.exec(prompt)?.[1];
}
