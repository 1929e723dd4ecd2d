/** Where in an object a pass is: pushed and popped on the way, written out only when something is found. */
export type FieldPath = (number | string | { key: string })[];

/** `spec.members[0].role`, and `spec.data[key]` for a key of a map; the empty string for the root. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (typeof step === 'object') text += `[${step.key}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}
