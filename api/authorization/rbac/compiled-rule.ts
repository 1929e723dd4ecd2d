import type { PolicyRule } from '../../types/rbac.ts';

/** A list of a rule where `*` stands for everything; undefined is everything. */
type Choice = ReadonlySet<string> | undefined;

/** One rule, ready to be compared with requests and with other rules. */
export interface CompiledRule {
  readonly rule: PolicyRule;
  readonly verbs: Choice;
  readonly groups: Choice;
  readonly resources: readonly string[];
  /** Undefined: all objects. A `*` is a name like any other here. */
  readonly names: ReadonlySet<string> | undefined;
  readonly urls: readonly UrlPattern[];
}

/** `/a/*` is a prefix, `/a/`; without a star at the end it is one path. */
export interface UrlPattern {
  text: string;
  isPrefix: boolean;
}

const ALL = '*';

export function compileRule(rule: PolicyRule): CompiledRule {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs: urls = [] } = rule;
  return {
    rule,
    verbs: choice(verbs),
    groups: choice(apiGroups),
    resources: [...new Set(resources)],
    names: resourceNames.length === 0 ? undefined : new Set(resourceNames),
    urls: urls.map(urlPattern),
  };
}

function urlPattern(url: string): UrlPattern {
  let end = url.length;
  while (url[end - 1] === ALL) end--;
  return { text: url.slice(0, end), isPrefix: end < url.length };
}

const choice = (list: readonly string[]): Choice => (list.includes(ALL) ? undefined : new Set(list));

const includes = (set: Choice, one: string): boolean => set === undefined || set.has(one);

/** The parts of a request beside its resource or path. */
export interface Asked {
  verb: string;
  group: string;
  /** '' for a collection: a rule with names does not cover it. */
  name: string;
}

/** For a rule that has the resource of the request (kubernetes pkg/apis/rbac/v1/evaluation_helpers.go). */
export function allowsResource(
  { verbs, groups, names }: CompiledRule,
  { verb, group, name }: Asked,
): boolean {
  return includes(verbs, verb) && includes(groups, group) && includes(names, name);
}

export function allowsPath({ verbs, urls }: CompiledRule, verb: string, path: string): boolean {
  return includes(verbs, verb) && urls.some((url) => coversPath(url, path));
}

/** NonResourceURLMatches. */
const coversPath = ({ text, isPrefix }: UrlPattern, path: string): boolean =>
  isPrefix ? path.startsWith(text) : path === text;

/**
 * Whether a rule that has the resource allows all that one of a verb, a group and a name allows. A rule for some names
 * covers none for all (k8s.io/component-helpers auth/rbac/validation ruleCovers).
 */
export function coversResource(
  { verbs, groups, names }: CompiledRule,
  { verb, group, name }: { verb: string; group: string; name: string | undefined },
): boolean {
  const hasNames = names === undefined || (name !== undefined && names.has(name));
  return includes(verbs, verb) && includes(groups, group) && hasNames;
}

/** The same for a pattern of paths. */
export function coversUrl({ verbs, urls, names }: CompiledRule, verb: string, pattern: string): boolean {
  if (names !== undefined || !includes(verbs, verb)) return false;
  return urls.some(({ text, isPrefix }) => (isPrefix ? pattern.startsWith(text) : pattern === text));
}
