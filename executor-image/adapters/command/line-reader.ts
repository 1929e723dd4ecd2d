import type { CommandOutput, FieldSource, OutputRule } from '#executor-manager/protocol/command-output';
import { linePattern } from '#shell-options/line-pattern';
import { asStartFailure } from '../shell-settings.ts';

/** The meaning of a line of a program. */
export interface LineEvent {
  event: OutputRule['event'];
  fields: Record<string, unknown>;
}

interface Rule {
  event: OutputRule['event'];
  /** The sources of fields in a line that fits; undefined when it does not. */
  fit(line: string): Sources | undefined;
  fields: Record<string, FieldSource>;
}

interface Sources {
  group(name: string): unknown;
  pointer(path: string): unknown;
}

/** JSON is looked for in lines of at most this length. */
const MAX_JSON_CHARS = 8 * 1024 * 1024;

/**
 * Reads lines by the rules of a Shell. The time for a line grows with its length and no faster (RE2).
 * Throws RunFailure StartFailed for a rule whose pattern cannot be read.
 */
export function lineReader({ lines = [], otherLines = 'text' }: CommandOutput): (line: string) => LineEvent {
  const rules = lines.map(readRule);
  return (line) => {
    for (const { event, fit, fields } of rules) {
      const sources = fit(line);
      if (sources !== undefined) return { event, fields: fieldsOf(fields, sources) };
    }
    return { event: otherLines, fields: { text: otherLines === 'text' ? `${line}\n` : line } };
  };
}

function readRule({ pattern, json, event, fields = {} }: OutputRule, index: number): Rule {
  if (pattern !== undefined) return { event, fields, fit: patternFit(pattern, index) };
  return { event, fields, fit: jsonFit(json ?? {}) };
}

function patternFit(pattern: string, index: number): Rule['fit'] {
  const compiled = asStartFailure(() => linePattern(pattern, index));
  const known = new Set(Object.keys(compiled.namedGroups()));
  return (line) => {
    const matcher = compiled.matcher(line);
    if (!matcher.find()) return undefined;
    return {
      group: (name) => (known.has(name) ? (matcher.group(name) ?? undefined) : undefined),
      pointer: () => undefined,
    };
  };
}

function jsonFit(wanted: Record<string, string>): Rule['fit'] {
  const entries = Object.entries(wanted);
  return (line) => {
    const object = parseObject(line);
    if (object === undefined) return undefined;
    const fits = entries.every(([path, text]) => {
      const value = valueAt(object, path);
      return text === '' ? value !== undefined : value === text;
    });
    return fits ? { group: () => undefined, pointer: (path) => valueAt(object, path) } : undefined;
  };
}

function parseObject(line: string): object | undefined {
  if (!line.trimStart().startsWith('{') || line.length > MAX_JSON_CHARS) return undefined;
  try {
    return JSON.parse(line) as object;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** RFC 6901; undefined where there is nothing. */
function valueAt(root: unknown, path: string): unknown {
  if (path === '') return root;
  let value = root;
  for (const token of path.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function fieldsOf(wanted: Record<string, FieldSource>, sources: Sources): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([name, { group, pointer, value }]) => {
      const found =
        value ??
        (group === undefined ? undefined : sources.group(group)) ??
        (pointer === undefined ? undefined : sources.pointer(pointer));
      return found === undefined ? [] : [[name, found] as const];
    }),
  );
}
