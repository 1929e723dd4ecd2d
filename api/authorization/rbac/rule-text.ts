import { compareBytes } from '../../machinery/byte-order.ts';
import { goQuote } from '../../machinery/go-text.ts';
import type { PolicyRule } from '../../types/rbac.ts';

/** A message is for people: of hundreds of lines the first tell enough. */
const MAX_LINES = 100;

/**
 * The rights that a user lacks, a line each: what differs by its verb only is one line (kubernetes
 * pkg/registry/rbac/validation CompactRules, pkg/apis/rbac/v1 CompactString).
 */
export function describedRules(parts: readonly PolicyRule[]): string {
  const lines = [...new Set(compacted(parts).map(ruleText))].toSorted(compareBytes);
  const more = lines.length - MAX_LINES;
  return [...lines.slice(0, MAX_LINES), ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

/** `parts` are of one verb, one group, one resource and at most one name, or of paths. */
function compacted(parts: readonly PolicyRule[]): PolicyRule[] {
  const byResource = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const part of parts) {
    const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = part;
    if (nonResourceURLs !== undefined) {
      others.push(part);
      continue;
    }
    const key = JSON.stringify([apiGroups, resources, resourceNames]);
    const known = byResource.get(key);
    if (known === undefined) byResource.set(key, { ...part, verbs: [...verbs] });
    else known.verbs.push(...verbs);
  }
  return [...others, ...byResource.values()];
}

function ruleText(rule: PolicyRule): string {
  const { apiGroups, resources, nonResourceURLs, resourceNames, verbs } = rule;
  const fields: [string, readonly string[] | undefined][] = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ];
  const shown = fields.filter(([, values = []]) => values.length > 0);
  return `{${shown.map(([name, values = []]) => `${name}:${quotedList(values)}`).join(', ')}}`;
}

/** %q of a list of strings. */
export const quotedList = (values: readonly string[]): string => `[${values.map(goQuote).join(' ')}]`;
