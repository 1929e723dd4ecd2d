import { endOfString } from './duplicate-fields.ts';

/** Deeper than any manifest; without a limit a body of brackets could exhaust the stack of whoever walks it. */
export const MAX_JSON_DEPTH = 500;

/** How deep brackets nest, outside of texts. One pass: a pattern would try again at each quote. */
export function jsonDepth(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '"') at = endOfString(json, at);
    else if (char === '{' || char === '[') deepest = Math.max(deepest, (depth += 1));
    else if (char === '}' || char === ']') depth -= 1;
  }
  return deepest;
}
