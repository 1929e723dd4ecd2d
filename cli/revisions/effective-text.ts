import { createTwoFilesPatch } from 'diff';
import { deepEqual } from '#api/machinery/json/deep-equal';
import { fieldsOf, isJsonObject } from '#api/machinery/json/json';
import type { JsonObject } from '#api/machinery/json/json';
import type { EffectiveTeam } from '#controllers/task/configuration/effective-team';
import { toYaml } from '../object-text.ts';

/** The configuration for people: its steps and members by name, and what holds for all. `spec` is that of a TaskRevision. */
export function effectiveDocument(spec: JsonObject): JsonObject {
  const { nodes, teamRef: _team, workspace: _workspace, placement: _placement, ...rest } = spec;
  const steps = (Array.isArray(nodes) ? nodes : []).filter(isJsonObject).map(({ id, ...node }) => [id, node]);
  return { ...rest, ...(steps.length === 0 ? {} : { steps: Object.fromEntries(steps) as JsonObject }) };
}

export function effectiveText(team: EffectiveTeam | undefined): string {
  if (team === undefined) return '';
  return 'problem' in team ? `# ${team.problem}\n` : toYaml(effectiveDocument(team.content));
}

/** A unified diff; empty when both are equal. */
export function unifiedDiff(before: Named, after: Named): string {
  if (before.text === after.text) return '';
  const patch = createTwoFilesPatch(before.name, after.name, before.text, after.text, '', '', { context: 3 });
  // The first line underlines nothing: names follow.
  return patch.replace(/^=+\n/, '').replaceAll(/^(---|\+\+\+) (.*?)\t?$/gm, '$1 $2');
}

export interface Named {
  name: string;
  text: string;
}

/** The difference between two configurations, in a line: `s0: agent.systemPrompt, model.name; program`. Empty for equal ones. */
export function changedLine(before: JsonObject, after: JsonObject): string {
  const { steps, members, ...rest } = effectiveDocument(after);
  const { steps: oldSteps, members: oldMembers, ...oldRest } = effectiveDocument(before);
  return [
    ...changedParts(oldSteps, steps, ''),
    ...changedParts(oldMembers, members, 'members.'),
    ...changedKeys(oldRest, rest),
    ...(deepEqual(before['workspace'], after['workspace']) ? [] : ['workspace']),
  ].join('; ');
}

function changedParts(before: unknown, after: unknown, prefix: string): string[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  return changedKeys(old, now).map((name) => {
    if (!(name in old)) return `${prefix}${name} added`;
    if (!(name in now)) return `${prefix}${name} removed`;
    return `${prefix}${name}: ${changedKeys(flat(old[name]), flat(now[name])).join(', ')}`;
  });
}

function changedKeys(before: JsonObject, after: JsonObject): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.filter((key) => !deepEqual(before[key], after[key])).sort();
}

/** JsonObject of fields, one level deep: enough to know where to look. */
function flat(value: unknown): JsonObject {
  const entries = Object.entries(fieldsOf(value)).flatMap(([key, part]) =>
    isJsonObject(part)
      ? Object.entries(part).map(([inner, field]) => [`${key}.${inner}`, field])
      : [[key, part]],
  );
  return Object.fromEntries(entries) as JsonObject;
}
