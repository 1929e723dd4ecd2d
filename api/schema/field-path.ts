/** Where in an object a pass is: pushed and popped on the way, written out only when something is found. */
export type FieldPath = (number | string)[];

/** `spec.members[0].role`; the empty string for the root. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}
