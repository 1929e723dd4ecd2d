import type { StatusCause } from '../../machinery/status-error.ts';
import { invalidValue, requiredValue } from '../../structural-schema/field-error.ts';
import type { Definition } from './definition.ts';

/** Groups of the Kubernetes community need its approval (apiextensions apihelpers). */

const ANNOTATION = 'api-approved.kubernetes.io';
const PULL = 'https://github.com/kubernetes/enhancements/pull/1111';

type Approval = 'approved' | 'bypassed' | 'invalid' | 'missing';

export function approvalProblems(definition: Definition, before: Definition | undefined): StatusCause[] {
  if (!/(?:^|\.)(?:k8s|kubernetes)\.io$/.test(definition.spec.group ?? '')) return [];
  const approval = approvalOf(definition);
  if (before !== undefined && approvalOf(before) === approval) return [];
  const at = `metadata.annotations[${ANNOTATION}]`;
  const text = `protected groups must have approval annotation "${ANNOTATION}"`;
  if (approval === 'missing') return [requiredValue(at, `${text}, see ${PULL}`)];
  if (approval !== 'invalid') return [];
  const detail = `${text} with either a URL or a reason starting with "unapproved", see ${PULL}`;
  return [invalidValue(at, definition.metadata.annotations?.[ANNOTATION] ?? '', detail)];
}

function approvalOf({ metadata }: Definition): Approval {
  const annotation = metadata.annotations?.[ANNOTATION] ?? '';
  if (annotation === '') return 'missing';
  if (annotation.startsWith('unapproved')) return 'bypassed';
  return URL.canParse(annotation) && new URL(annotation).host !== '' ? 'approved' : 'invalid';
}
