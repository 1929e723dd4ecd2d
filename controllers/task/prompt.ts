import type { Snapshot } from './snapshot.ts';

/**
 * What the agent of step `index` is asked. The member's own instructions come first. The first step gets
 * the Task's prompt; a later one gets what `contextPassing` of the step before it passes on. A step that
 * would be asked nothing at all gets the Task's prompt.
 */
export function stepPrompt(snapshot: Snapshot, index: number, previousValue: string): string {
  const step = snapshot.steps[index];
  const previous = index === 0 ? undefined : snapshot.steps[index - 1];
  const passing = previous === undefined ? 'original_user' : previous.contextPassing;
  const parts: string[] = [];
  if (step?.prompt !== undefined) parts.push(step.prompt);
  if (passing === 'original_user' || passing === 'original_and_previous') parts.push(snapshot.prompt);
  if (passing === 'previous_bot' || passing === 'original_and_previous') {
    if (previousValue !== '')
      parts.push(`Result of the step before, ${previous?.name ?? ''}:\n${previousValue}`);
  }
  if (parts.length === 0) parts.push(snapshot.prompt);
  return parts.join('\n\n');
}
