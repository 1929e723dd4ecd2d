import { dnsLabel1035Problems, subdomainProblems } from '../../machinery/object-name.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { invalidValue, requiredValue } from '../../structural-schema/field-error.ts';
import type { DefinitionNames } from './definition.ts';

export function groupProblems(group: string | undefined): StatusCause[] {
  const at = 'spec.group';
  if (group === undefined || group === '') return [requiredValue(at)];
  const problems = subdomainProblems(group);
  if (problems.length > 0) return [invalidValue(at, group, problems.join())];
  return group.includes('.') ? [] : [invalidValue(at, group, 'should be a domain with at least one dot')];
}

/** Of the spec only: in the status, names may be missing. */
export function missingNames(names: DefinitionNames, at: string): StatusCause[] {
  return (['plural', 'singular', 'kind', 'listKind'] as const)
    .filter((name) => (names[name] ?? '') === '')
    .map((name) => requiredValue(`${at}.${name}`));
}

export function namesProblems(names: DefinitionNames, at: string): StatusCause[] {
  const { kind = '', listKind = '', shortNames = [], categories = [] } = names;
  const same =
    kind !== '' && kind === listKind
      ? [invalidValue(`${at}.listKind`, listKind, 'kind and listKind may not be the same')]
      : [];
  return [
    ...labelProblems(names.plural, `${at}.plural`),
    ...labelProblems(names.singular, `${at}.singular`),
    ...kindProblems(kind, `${at}.kind`),
    ...kindProblems(listKind, `${at}.listKind`),
    ...shortNames.flatMap((name, index) => labelsProblems(name, `${at}.shortNames[${index}]`)),
    ...same,
    ...categories.flatMap((name, index) => labelsProblems(name, `${at}.categories[${index}]`)),
  ];
}

const labelProblems = (name: string | undefined, at: string): StatusCause[] =>
  name === undefined || name === '' ? [] : labelsProblems(name, at);

/** All that is wrong with one name, as one finding. */
export function labelsProblems(name: string, at: string): StatusCause[] {
  const problems = dnsLabel1035Problems(name);
  return problems.length === 0 ? [] : [invalidValue(at, name, problems.join())];
}

function kindProblems(kind: string, at: string): StatusCause[] {
  const problems = kind === '' ? [] : dnsLabel1035Problems(kind.toLowerCase());
  if (problems.length === 0) return [];
  return [invalidValue(at, kind, `may have mixed case, but should otherwise match: ${problems.join()}`)];
}
