import type { NewCondition } from '../../machinery/condition.ts';
import type { Skill } from '../generated/skill.ts';
import { notReady, ready } from '../ready.ts';

/** Reasons of a Skill. */
export const SkillReason = {
  /** Ready=True: there is a package, and all that it needs is ready. */
  Packaged: 'Packaged',
  /** Ready=False: nothing was uploaded, and there is no prompt. */
  NoPackage: 'NoPackage',
  /** Ready=False: the package that status names is gone. */
  PackageNotFound: 'PackageNotFound',
  /** Ready=False: what the ConfigMap or the prompt make is no package. */
  InvalidPackage: 'InvalidPackage',
  /** Ready=False: source.configMap names a ConfigMap, or a key of it, that does not exist. */
  ConfigMapNotFound: 'ConfigMapNotFound',
  /** Ready=False: the repository cannot be fetched; the condition Fetched says why. */
  NotFetched: 'NotFetched',
  /** Ready=False: dependencies names a Skill that does not exist. */
  DependencyNotFound: 'DependencyNotFound',
  /** Ready=False: a Skill in dependencies is not ready. */
  DependencyNotReady: 'DependencyNotReady',
  /** Ready=False: the Skill needs itself. */
  DependencyCycle: 'DependencyCycle',
} as const;

/** Condition of a Skill from a repository: whether its newest content is here. */
export const FETCHED = 'Fetched';

/** Reasons of Fetched. */
export const SkillFetchReason = {
  Fetched: 'Fetched',
  /** Unknown: nothing is known yet. */
  Fetching: 'Fetching',
  /** Unknown: no sandbox could look. */
  CheckFailed: 'CheckFailed',
  /** False: git did not get it, or it is no skill. */
  FetchFailed: 'FetchFailed',
  /** False: the spec names no address, ref or folder that could be fetched. */
  InvalidSource: 'InvalidSource',
  SecretNotFound: 'SecretNotFound',
  SecretKeyMissing: 'SecretKeyMissing',
} as const;

/** Why a Skill is not ready. */
export type SkillNotReadyReason = Exclude<(typeof SkillReason)[keyof typeof SkillReason], 'Packaged'>;

export function skillReady(): NewCondition {
  return ready(SkillReason.Packaged, 'The Skill can be used.');
}

/** Names the field or the missing object in `message`. */
export function skillNotReady(reason: SkillNotReadyReason, message: string): NewCondition {
  return notReady(reason, message);
}

/** On a SkillPackage: since when nobody names it; absent while somebody does. RFC 3339. */
export const UNUSED_SINCE = 'agent.wecode.io/unused-since';

const HASH = /^sha256:[0-9a-f]{64}$/;

/** Whether a text names a package; compatible manifests may hold hashes of other kinds. */
export const isContentHash = (text: string): boolean => HASH.test(text);

/** `sha256-…`, the name of the SkillPackage with a content: names of objects have no colons. */
export const skillPackageName = (contentHash: string): string => contentHash.replace(':', '-');

/** Whether the status tells of the package that was uploaded last: the controller may not have seen it yet. */
export function isUploadObserved({ spec, status }: Skill): boolean {
  const isUpload = (spec.source?.type ?? 'upload') === 'upload';
  if (!isUpload || status?.upload === undefined) return true;
  return status.upload.contentHash === status.contentHash;
}
