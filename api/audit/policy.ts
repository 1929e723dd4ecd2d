import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { isJsonObject } from '../machinery/json/json.ts';
import type { Level, Stage } from './event.ts';
import { validatePolicy } from './validate-policy.ts';

/** Tells how much is written down of which requests (audit.k8s.io/v1 Policy). The first rule that matches counts. */
export interface Policy {
  rules: readonly PolicyRule[];
  /** Never written, whatever a rule says. */
  omitStages?: readonly Stage[];
  omitManagedFields?: boolean;
}

/** All that is given must match; of each list one. */
export interface PolicyRule {
  level: Level;
  users?: readonly string[];
  userGroups?: readonly string[];
  verbs?: readonly string[];
  resources?: readonly GroupResources[];
  /** '' is for what is in no namespace. */
  namespaces?: readonly string[];
  /** Paths; `*` at the end stands for anything. */
  nonResourceURLs?: readonly string[];
  omitStages?: readonly Stage[];
  omitManagedFields?: boolean;
}

export interface GroupResources {
  group?: string;
  /** `pods`, `pods/log`, `pods/*`, `*`, or a star before the slash for a part of any kind. */
  resources?: readonly string[];
  resourceNames?: readonly string[];
}

/** @throws Error, for a person, with the texts of apiserver pkg/audit/policy/reader.go */
export function loadPolicy(file: string): Policy {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`loading audit policy file: failed to read file path "${file}": ${messageOf(error)}`, {
      cause: error,
    });
  }
  return policyFrom(file, text);
}

/** The same for a text that was read already. */
export function policyFrom(file: string, text: string): Policy {
  try {
    return readPolicy(text);
  } catch (error) {
    throw new Error(`loading audit policy file: ${messageOf(error)}: from file ${file}`, { cause: error });
  }
}

/** @throws Error, for a person */
export function readPolicy(text: string): Policy {
  const value: unknown = parse(text, { logLevel: 'error' });
  if (!isJsonObject(value)) throw new Error('failed decoding: it is no object');
  const { apiVersion = '', kind = '' } = value;
  if (kind !== 'Policy' || apiVersion !== 'audit.k8s.io/v1') {
    throw new Error(`unknown group version field ${String(apiVersion)}, Kind=${String(kind)} in policy`);
  }
  const errors = validatePolicy(value);
  if (errors.length === 1) throw new Error(errors[0]);
  if (errors.length > 1) throw new Error(`[${errors.join(', ')}]`);
  const policy = value as unknown as Policy;
  if ((policy.rules ?? []).length === 0) throw new Error('loaded illegal policy with 0 rules');
  return policy;
}

const messageOf = (error: unknown): string => (error as Error).message;
