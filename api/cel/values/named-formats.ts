import { stringFormat } from '../../structural-schema/formats.ts';

/** A format by name: `format.dns1123Label()` (apiserver pkg/cel/library/format.go). */
export class NamedFormat {
  readonly name: string;
  /** What upstream charges for; its own patterns are not visible to it either. */
  readonly regexSize: number;
  readonly validate: (text: string) => string[];

  constructor(name: string, regexSize: number, validate: (text: string) => string[]) {
    this.name = name;
    this.regexSize = regexSize;
    this.validate = validate;
  }
}

interface Pattern {
  pattern: RegExp;
  max: number;
  text: string;
}

const LABEL: Pattern = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  max: 63,
  text: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
};
const SUBDOMAIN: Pattern = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  max: 253,
  text: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
};
const LABEL_1035: Pattern = {
  pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
  max: 63,
  text: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
};
const LABEL_VALUE: Pattern = {
  pattern: /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
  max: 63,
  text: "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
};
const QUALIFIED_PART: Pattern = {
  pattern: /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/,
  max: 63,
  text: "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
};

function matching({ pattern, max, text }: Pattern): (value: string) => string[] {
  return (value) => {
    // The patterns are linear only on short texts; a long one is refused for its length anyway.
    const problems = Buffer.byteLength(value) > max ? [`must be no more than ${max} bytes`] : [];
    if (!pattern.test(value.slice(0, max + 2))) problems.push(text);
    return problems;
  };
}

/** A name that will get a suffix may end with a dash: the last one is masked before the check. */
function prefixOf(check: (value: string) => string[]): (value: string) => string[] {
  return (value) => check(value.length > 1 && value.endsWith('-') ? `${value.slice(0, -1)}a` : value);
}

function qualifiedName(value: string): string[] {
  const parts = value.split('/');
  const example =
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
  if (parts.length > 2) return [example];
  const problems: string[] = [];
  const [first = '', second] = parts;
  if (second !== undefined) {
    if (first === '') problems.push('prefix part must be non-empty');
    else problems.push(...matching(SUBDOMAIN)(first).map((text) => `prefix part ${text}`));
  }
  const name = second ?? first;
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push('name part must be no more than 63 bytes');
  return QUALIFIED_PART.pattern.test(name.slice(0, 65)) ? problems : [...problems, QUALIFIED_PART.text];
}

const crdFormat = (format: string, text: string) => (value: string) =>
  stringFormat(format)?.(value) === true ? [] : [text];

/** After Go's url.ParseRequestURI: absolute, or a path from the root. */
export function isRequestUri(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000- \u007f]/.test(text) && !/^[^?]*\?/.test(text) && /[\u0000-\u001f\u007f]/.test(text))
    return false;
  if (/%(?![\dA-Fa-f]{2})/.test(text.split('?')[0] ?? '')) return false;
  if (text.startsWith('/')) return true;
  return /^[A-Za-z][\w+.-]*:/.test(text) && (URL.canParse(text) || /^[A-Za-z][\w+.-]*:\/\//.test(text));
}

/** Why it is none, in Go's words. */
export function uriProblem(text: string): string {
  if (text === '') return 'parse "": empty url';
  const why = text.startsWith(':') ? 'missing protocol scheme' : 'invalid URI for request';
  return `parse ${JSON.stringify(text)}: ${why}`;
}

const uri = (value: string): string[] => (isRequestUri(value) ? [] : [uriProblem(value)]);

export const NAMED_FORMATS = new Map([
  ['dns1123Label', new NamedFormat('DNS1123Label', 30, matching(LABEL))],
  ['dns1123Subdomain', new NamedFormat('DNS1123Subdomain', 60, matching(SUBDOMAIN))],
  ['dns1035Label', new NamedFormat('DNS1035Label', 30, matching(LABEL_1035))],
  ['qualifiedName', new NamedFormat('QualifiedName', 60, qualifiedName)],
  ['dns1123LabelPrefix', new NamedFormat('DNS1123LabelPrefix', 30, prefixOf(matching(LABEL)))],
  ['dns1123SubdomainPrefix', new NamedFormat('DNS1123SubdomainPrefix', 60, prefixOf(matching(SUBDOMAIN)))],
  ['dns1035LabelPrefix', new NamedFormat('DNS1035LabelPrefix', 30, prefixOf(matching(LABEL_1035)))],
  ['labelValue', new NamedFormat('LabelValue', 40, matching(LABEL_VALUE))],
  ['uri', new NamedFormat('URI', 1103, uri)],
  ['uuid', new NamedFormat('uuid', 70, crdFormat('uuid', 'does not match the UUID format'))],
  ['byte', new NamedFormat('byte', 84, crdFormat('byte', 'invalid base64'))],
  ['date', new NamedFormat('date', 71, crdFormat('date', 'invalid date'))],
  ['datetime', new NamedFormat('datetime', 71, crdFormat('date-time', 'invalid datetime'))],
] as const);
