/** The parameters of a Task by name; undefined where its Team takes none. */
type Parameters = Record<string, unknown> | undefined;

const PLACE = /\{\{\s*parameters\.([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}/g;

/**
 * The text with values in place of `{{parameters.NAME}}`: plain text, replaced once, so that a value is never read as a place
 * itself. A name without a value stays as it is written, as everything does where the Team takes no parameters.
 */
export function withParameters(text: string, parameters: Parameters): string {
  if (parameters === undefined) return text;
  return text.replace(PLACE, (place, name: string) =>
    Object.hasOwn(parameters, name) ? textOf(parameters[name]) : place,
  );
}

/** The variables of the programs of a run: `TROUPE_PARAM_NAME`. Of two names that differ in case only, the later wins. */
export function parameterVariables(parameters: Parameters): Record<string, string> {
  const entries = Object.entries(parameters ?? {}).map(([name, value]) => {
    const variable = `TROUPE_PARAM_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
    return [variable, textOf(value)] as const;
  });
  return Object.fromEntries(entries);
}

/** Texts as they are, all else as JSON. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
