/**
 * Names as Kubernetes checks them (apimachinery pkg/util/validation, pkg/api/validation/path), with its texts.
 * Each function returns what is wrong, empty when nothing is.
 */

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start " +
  "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end " +
  "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, " +
  "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is " +
  "'[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** `maxLength` in bytes; names are ASCII when they are valid at all. */
const tooLongText = (max: number): string => `must be no more than ${max} bytes`;
/** What names are told; keys and values of labels are told of bytes. */
const tooManyText = (max: number): string => `must be no more than ${max} characters`;

export function subdomainProblems(name: string): string[] {
  return [
    ...(name.length > 253 ? [tooManyText(253)] : []),
    ...(SUBDOMAIN.test(name) ? [] : [SUBDOMAIN_TEXT]),
  ];
}

export function dnsLabelProblems(name: string): string[] {
  const tooLong = name.length > 63 ? [tooManyText(63)] : [];
  if (LABEL.test(name)) return tooLong;
  return [...tooLong, SUBDOMAIN.test(name) ? 'must not contain dots' : LABEL_TEXT];
}

/** A label that begins with a letter: the names of resources, kinds and versions. */
export function dnsLabel1035Problems(name: string): string[] {
  return [
    ...(name.length > 63 ? [tooManyText(63)] : []),
    ...(LABEL_1035.test(name) ? [] : [LABEL_1035_TEXT]),
  ];
}

/** Anything that can stand between two slashes of a URL; for kinds whose manifests have names such as ClaudeCode. */
export function pathSegmentProblems(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  const illegal = ['/', '%'].filter((character) => name.includes(character));
  return [
    ...illegal.map((character) => `may not contain '${character}'`),
    ...(hasControlCharacter(name) ? ['may not contain control characters'] : []),
    // Half of a surrogate pair has no UTF-8: databases would store another name.
    ...(name.isWellFormed() ? [] : ['must be valid Unicode']),
    ...(Buffer.byteLength(name) > 253 ? [tooLongText(253)] : []),
  ];
}

/** Also line breaks: a name is written into logs, tables and headers. */
function hasControlCharacter(name: string): boolean {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name);
}

/** `prefix/name` or `name`: keys of labels and annotations, finalizers. */
export function qualifiedNameProblems(key: string): string[] {
  const parts = key.split('/');
  const [prefix, name] = parts.length === 2 ? parts : [undefined, parts[0]];
  if (parts.length > 2 || name === undefined)
    return [
      `a valid label key ${QUALIFIED_TEXT.slice('name part '.length)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  return [...prefixProblems(prefix), ...namePartProblems(name)];
}

function prefixProblems(prefix: string | undefined): string[] {
  if (prefix === undefined) return [];
  if (prefix === '') return ['prefix part must be non-empty'];
  return [
    ...(prefix.length > 253 ? [`prefix part ${tooLongText(253)}`] : []),
    ...(SUBDOMAIN.test(prefix) ? [] : [`prefix part ${SUBDOMAIN_TEXT}`]),
  ];
}

function namePartProblems(name: string): string[] {
  if (name === '') return ['name part must be non-empty', QUALIFIED_TEXT];
  return [
    ...(name.length > 63 ? [`name part ${tooLongText(63)}`] : []),
    ...(QUALIFIED_NAME.test(name) ? [] : [QUALIFIED_TEXT]),
  ];
}

const HTTP_PATH = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;
const HTTP_PATH_TEXT = `Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`;

/** `domain/path`: keys of what is told of a user. Each problem comes with the part that has it. */
export function domainPrefixedPathProblems(text: string): { value: string; problem: string }[] {
  const at = text.indexOf('/');
  if (at <= 0 || at === text.length - 1)
    return [{ value: text, problem: 'must be a domain-prefixed path (such as "acme.io/foo")' }];
  const [host, path] = [text.slice(0, at), text.slice(at + 1)];
  const problems = subdomainProblems(host).map((problem) => ({ value: host, problem }));
  return HTTP_PATH.test(path) ? problems : [...problems, { value: path, problem: HTTP_PATH_TEXT }];
}

export function labelValueProblems(value: string): string[] {
  return [
    ...(value.length > 63 ? [tooLongText(63)] : []),
    ...(LABEL_VALUE.test(value) ? [] : [LABEL_VALUE_TEXT]),
  ];
}

/** No vowels and no characters that look alike (apiserver storage/names). */
const SUFFIX_CHARACTERS = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const MAX_BASE = 63 - SUFFIX_LENGTH;

/** `base`, cut to 58 characters, with five random ones. `random` returns numbers in [0, 1). */
export function generateName(base: string, random: () => number): string {
  let suffix = '';
  while (suffix.length < SUFFIX_LENGTH) {
    suffix += SUFFIX_CHARACTERS[Math.floor(random() * SUFFIX_CHARACTERS.length)] ?? 'b';
  }
  return base.slice(0, MAX_BASE) + suffix;
}
