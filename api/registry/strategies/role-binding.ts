import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { isJsonObject } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { pathSegmentProblems, subdomainProblems } from '../../machinery/object-name.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { invalidValue, requiredValue, unsupportedValue } from '../../structural-schema/field-error.ts';
import { RBAC_GROUP } from '../../types/rbac.ts';
import type { Binding, RoleRef, Subject } from '../../types/rbac.ts';
import type { Strategy } from './strategy.ts';

/** RoleBinding (kubernetes pkg/apis/rbac/v1/defaults.go, pkg/apis/rbac/validation ValidateRoleBinding). */
export const roleBindingStrategy = bindingStrategy({ isNamespaced: true, kinds: ['Role', 'ClusterRole'] });

/** ClusterRoleBinding (ValidateClusterRoleBinding). */
export const clusterRoleBindingStrategy = bindingStrategy({ isNamespaced: false, kinds: ['ClusterRole'] });

interface BindingRules {
  isNamespaced: boolean;
  /** Of the role that it may name. */
  kinds: readonly string[];
}

function bindingStrategy(rules: BindingRules): Strategy {
  return {
    applyDefaults: withDefaults,
    validate(object, previous) {
      const { subjects = [], roleRef } = object as Binding;
      return [
        ...roleRefProblems(roleRef, rules),
        ...subjects.flatMap((subject, index) => subjectProblems(subject, `subjects[${index}]`, rules)),
        ...(previous === undefined ? [] : changeProblems(roleRef, (previous as Binding).roleRef)),
      ];
    },
  };
}

/** Texts that are not given are empty ones, as Go decodes them; an empty apiGroup is the one of the kind. */
function withDefaults(binding: Unstructured): Unstructured {
  const { subjects, ...rest } = binding;
  return {
    ...rest,
    ...(!isEmptyList(subjects) && {
      subjects: Array.isArray(subjects) ? subjects.map(withSubject) : subjects,
    }),
    roleRef: withRoleRef(binding['roleRef']),
  };
}

const isEmptyList = (list: unknown): boolean =>
  list === undefined || (Array.isArray(list) && list.length === 0);

function withRoleRef(roleRef: unknown = {}): unknown {
  if (!isJsonObject(roleRef)) return roleRef;
  const { apiGroup, kind = '', name = '', ...rest } = roleRef;
  return { apiGroup: isEmpty(apiGroup) ? RBAC_GROUP : apiGroup, kind, name, ...rest };
}

function withSubject(subject: unknown): unknown {
  if (!isJsonObject(subject)) return subject;
  const { kind = '', apiGroup, name = '', namespace, ...rest } = subject;
  const ofKind = kind === 'User' || kind === 'Group' ? RBAC_GROUP : undefined;
  const group = isEmpty(apiGroup) ? ofKind : apiGroup;
  return {
    kind,
    ...(group !== undefined && { apiGroup: group }),
    name,
    ...(!isEmpty(namespace) && { namespace }),
    ...rest,
  };
}

const isEmpty = (text: unknown): boolean => text === undefined || text === '';

function roleRefProblems({ apiGroup, kind, name }: RoleRef, { kinds }: BindingRules): StatusCause[] {
  return [
    ...(apiGroup === RBAC_GROUP ? [] : [unsupportedValue('roleRef.apiGroup', apiGroup, [RBAC_GROUP])]),
    ...(kinds.includes(kind) ? [] : [unsupportedValue('roleRef.kind', kind, kinds)]),
    ...(name === ''
      ? [requiredValue('roleRef.name')]
      : pathSegmentProblems(name).map((problem) => invalidValue('roleRef.name', name, problem))),
  ];
}

function subjectProblems(subject: Subject, at: string, rules: BindingRules): StatusCause[] {
  const { kind, apiGroup = '', name } = subject;
  const unnamed = name === '' ? [requiredValue(`${at}.name`)] : [];
  switch (kind) {
    case 'ServiceAccount':
      return [...unnamed, ...accountProblems(subject, at, rules)];
    case 'User':
    case 'Group':
      if (apiGroup === RBAC_GROUP) return unnamed;
      return [...unnamed, unsupportedValue(`${at}.apiGroup`, apiGroup, [RBAC_GROUP])];
    default:
      return [...unnamed, unsupportedValue(`${at}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
}

function accountProblems(subject: Subject, at: string, { isNamespaced }: BindingRules): StatusCause[] {
  const { apiGroup = '', name, namespace = '' } = subject;
  const ofName = name === '' ? [] : subdomainProblems(name);
  return [
    ...ofName.map((problem) => invalidValue(`${at}.name`, name, problem)),
    ...(apiGroup === '' ? [] : [unsupportedValue(`${at}.apiGroup`, apiGroup, [''])]),
    ...(isNamespaced || namespace !== '' ? [] : [requiredValue(`${at}.namespace`)]),
  ];
}

/** Who may change a binding must not thereby give out another role. The value has the names of Go's fields. */
function changeProblems(after: RoleRef, before: RoleRef): StatusCause[] {
  if (deepEqual(after, before)) return [];
  const { apiGroup: APIGroup, kind: Kind, name: Name } = after;
  return [invalidValue('roleRef', { APIGroup, Kind, Name }, 'field is immutable')];
}
