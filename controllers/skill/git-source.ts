import { findCondition } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import { formatTime } from '#api/machinery/clock';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Skill, SkillStatus } from '#api/types/generated/skill';
import { gitURLProblem, isCommitID, refProblem, shownGitURL, subPathProblem } from '#api/types/git-address';
import { gitSecretProblem } from '#api/types/git-secret';
import { planProbe } from '#api/types/probe';
import type { ProbeFinding, ProbePlan, ProbeSpec } from '#api/types/probe';
import { newCondition } from '#api/types/ready';
import { FETCHED, skillNotReady, SkillFetchReason, SkillReason } from '#api/types/skills/skill';
import type { FoundContent } from './plan.ts';

/** The repository of a Skill, whichever spelling the spec uses. */
export interface GitSource {
  url: string;
  ref?: string;
  path?: string;
  secretName?: string;
}

/** The facts of the Secret that a source names. */
export interface SecretFacts {
  /** Those that have a value. */
  keys: ReadonlySet<string>;
  /** Changes with it. */
  version: string;
}

export interface GitSourceInput {
  skill: Skill;
  source: GitSource;
  /** Undefined where there is no such Secret. */
  secret: SecretFacts | undefined;
  /** All Sandboxes that the Skill controls. */
  sandboxes: readonly Sandbox[];
  /** Milliseconds since the epoch. */
  now: number;
}

export interface GitSourcePlan {
  content: FoundContent;
  /** For the status. */
  known: Pick<SkillStatus, 'git' | 'gitCheck'>;
  fetched: NewCondition;
  probe: ProbePlan;
}

/** To ask the remote, to fetch, and some for the sandbox. */
const CHECK_SECONDS = 180;

export function gitSourceOf({ spec }: Skill): GitSource | undefined {
  const { source } = spec;
  if (source?.type !== 'git') return undefined;
  const { git, repo_url: url = '', skill_path: path } = source;
  if (git === undefined) return { url, ...(path === undefined ? {} : { path }) };
  const { secretRef, ...own } = git;
  return { ...own, ...(secretRef === undefined ? {} : { secretName: secretRef.name }) };
}

/**
 * Has the repository looked at in a sandbox, and says what is known of it. Content that was fetched counts for as long as
 * the spec names the same place: a server that is away takes no skill from its agents. Pure.
 */
export function planGitSource({ skill, source, secret, sandboxes, now }: GitSourceInput): GitSourcePlan {
  const problem = sourceProblem(skill, source, secret);
  const { git: before, gitCheck } = skill.status ?? {};
  const probe = planProbe({
    owner: skill,
    spec: problem === undefined ? probeSpec(skill, source, secret) : undefined,
    record: gitCheck,
    sandboxes,
    now,
    isFixed: source.ref !== undefined && isCommitID(source.ref),
  });
  const git = fetchedContent(source, probe.finding, { before, at: formatTime(now) }) ?? before;
  const fetched = problem ?? fetchedCondition(skill, probe.finding);
  return {
    content: contentOf(source, git, fetched),
    known: { ...(git === undefined ? {} : { git }), ...(probe.record && { gitCheck: probe.record }) },
    fetched,
    probe,
  };
}

function fetchedContent(
  { url, ref, path }: GitSource,
  finding: ProbeFinding | undefined,
  { before, at }: { before: SkillStatus['git']; at: string },
): SkillStatus['git'] {
  if (finding?.state !== 'answered' || finding.result.skill === undefined) return undefined;
  const place = { url, ...(ref === undefined ? {} : { ref }), ...(path === undefined ? {} : { path }) };
  const isSame = before?.contentHash === finding.result.skill.contentHash;
  return { ...place, ...finding.result.skill, fetchedAt: isSame ? before.fetchedAt : at };
}

function probeSpec(skill: Skill, source: GitSource, secret: SecretFacts | undefined): ProbeSpec {
  const { url: gitUrl, ...rest } = source;
  const revision = secret === undefined ? {} : { revision: secret.version };
  return {
    timeoutSeconds: CHECK_SECONDS,
    probe: { skill: { name: skill.metadata.name, gitUrl, ...rest, ...revision } },
  };
}

function contentOf(
  source: GitSource,
  git: SkillStatus['git'],
  { status, message }: NewCondition,
): FoundContent {
  if (git !== undefined && isFrom(git, source)) return git;
  const reason = status === 'False' ? SkillReason.NotFetched : SkillReason.NoPackage;
  return { problem: skillNotReady(reason, message) };
}

const isFrom = (git: NonNullable<SkillStatus['git']>, { url, ref, path }: GitSource): boolean =>
  git.url === url && git.ref === ref && git.path === path;

function fetchedCondition(skill: Skill, finding: ProbeFinding | undefined): NewCondition {
  const before = findCondition(skill.status?.conditions, FETCHED);
  switch (finding?.state) {
    case 'answered': {
      const { ok, message } = finding.result;
      const reason = ok ? SkillFetchReason.Fetched : SkillFetchReason.FetchFailed;
      return newCondition(FETCHED, ok ? 'True' : 'False', { reason, message });
    }
    case 'refused':
    case 'lost':
      return newCondition(FETCHED, 'Unknown', {
        reason: SkillFetchReason.CheckFailed,
        message: finding.message,
      });
    case 'pending': {
      const message = `The repository is being fetched: ${finding.message}`;
      return newCondition(FETCHED, 'Unknown', { reason: SkillFetchReason.Fetching, message });
    }
    case undefined: {
      const message = 'The repository was not fetched yet.';
      return before ?? newCondition(FETCHED, 'Unknown', { reason: SkillFetchReason.Fetching, message });
    }
  }
}

function sourceProblem(
  skill: Skill,
  { url, ref, path, secretName }: GitSource,
  secret: SecretFacts | undefined,
): NewCondition | undefined {
  const wrong = (reason: string, message: string) => newCondition(FETCHED, 'False', { reason, message });
  const faults: [string, string, string | undefined][] = [
    ['url', shownGitURL(url), gitURLProblem(url)],
    ['ref', ` "${ref}"`, ref === undefined ? undefined : refProblem(ref)],
    ['path', ` "${path}"`, path === undefined ? undefined : subPathProblem(path)],
  ];
  for (const [field, shown, fault] of faults) {
    if (fault !== undefined) {
      return wrong(SkillFetchReason.InvalidSource, `spec.source.git.${field}:${shown} ${fault}.`);
    }
  }
  if (secretName === undefined) return undefined;
  const place = `${skill.metadata.namespace ?? ''}/${secretName}`;
  const named = { field: 'spec.source.git.secretRef', place, keys: secret?.keys };
  const problem = gitSecretProblem(url, named);
  return problem && wrong(problem.reason, problem.message);
}
