import { badRequest } from '../status-error.ts';

/** A field selector as in `?fieldSelector=` (apimachinery pkg/fields). Which fields there are is the resource's affair. */

export interface FieldRequirement {
  field: string;
  operator: '!=' | '=';
  value: string;
}

/** @throws StatusError BadRequest for a term that is none, or a wrong escape */
export function parseFieldSelector(text: string): FieldRequirement[] {
  return splitTerms(text)
    .filter((term) => term !== '')
    .map((term) => parseTerm(term, text));
}

/** Splits at commas that no backslash escapes. */
function splitTerms(text: string): string[] {
  return text.match(/(?:\\[^]|[^\\,]|\\$)+/g) ?? [];
}

function parseTerm(term: string, selector: string): FieldRequirement {
  // The first operator counts, whatever stands before it.
  const match = /^(.*?)(==|!=|=)(.*)$/s.exec(term);
  if (match === null) throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
  const [, field = '', operator, value = ''] = match;
  return { field, operator: operator === '!=' ? '!=' : '=', value: unescape(value) };
}

function unescape(value: string): string {
  let result = '';
  for (let at = 0; at < value.length; at++) {
    const char = value[at] ?? '';
    if (char === ',' || char === '=')
      throw badRequest(`invalid field selector: unescaped character in value: ${char.charCodeAt(0)}`);
    if (char !== '\\') {
      result += char;
      continue;
    }
    const next = value[++at];
    if (next !== '\\' && next !== ',' && next !== '=') {
      throw badRequest(`invalid field selector: invalid escape sequence: \\${next ?? ''}`);
    }
    result += next;
  }
  return result;
}
