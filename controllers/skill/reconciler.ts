import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { replaceCondition } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import { objectKey } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Skill, SkillStatus } from '#api/types/generated/skill';
import type { Task } from '#api/types/generated/task';
import { filledKeys } from '#api/types/git-secret';
import type { ProbePlan } from '#api/types/probe';
import { withReady } from '#api/types/ready';
import { SANDBOXES, SKILLS } from '#api/types/resources';
import type { Secret } from '#api/types/resources';
import { FETCHED } from '#api/types/skills/skill';
import type { Reconcile } from '../runtime/controller.ts';
import { createOnce, deleteOnce } from '../runtime/owned-objects.ts';
import { soonest } from '../runtime/soonest.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { findContent, isKept } from './content.ts';
import type { ContentClient, ContentSources } from './content.ts';
import { gitSourceOf, planGitSource } from './git-source.ts';
import type { GitSource, SecretFacts } from './git-source.ts';
import { contentStatus, planSkill } from './plan.ts';
import type { FoundContent } from './plan.ts';
import { planUses } from './uses.ts';

export interface SkillReconcilerOptions extends ContentSources {
  skills: { get(key: string): Skill | undefined };
  secrets: { get(key: string): Secret | undefined };
  /** All that the object with this uid controls. */
  sandboxesOf: (uid: string) => readonly Sandbox[];
  /** The Tasks that have the Skill with this key. */
  tasksWith: (key: string) => readonly Task[];
  troubles: Troubles;
  clock: Clock;
}

type SkillClient = ContentClient & Pick<Client, 'updateStatus' | 'delete'>;

/** The files of a Skill, as far as they are known, and the next step to know more. */
interface Found {
  content: FoundContent;
  known?: Pick<SkillStatus, 'git' | 'gitCheck'>;
  fetched?: NewCondition;
  probe: ProbePlan;
}

/**
 * Makes the package of a Skill where its files are in objects, has it fetched in a sandbox where they are in a
 * repository, and says whether the Skill can be used.
 */
export function skillReconciler(options: SkillReconcilerOptions): Reconcile<SkillClient> {
  const { skills, troubles, clock } = options;
  return async (key, { client }) => {
    const skill = skills.get(key);
    if (skill === undefined || skill.metadata.deletionTimestamp !== undefined) {
      troubles.follow(key, undefined);
      return undefined;
    }
    const found = await find(client, skill, options);
    const ready = planSkill(skill, found.content, (place) => skills.get(objectKey(place)));
    const at = { now: formatTime(clock.now()), generation: skill.metadata.generation };
    const fetched = { type: FETCHED, next: found.fetched };
    const { uses, countAfter } = planUses(skill.status?.uses, () => options.tasksWith(key), clock.now());
    const told = {
      ...contentStatus(skill, found.content),
      ...found.known,
      ...(uses === undefined ? {} : { uses }),
      conditions: replaceCondition(skill.status?.conditions, fetched, at),
    };
    const status = withReady(told, ready, at);
    // Before anything is deleted: what was fetched must not be lost with its Sandbox.
    troubles.follow(key, await writeStatus(client, SKILLS, { object: skill, status }));
    const { create, remove, recheckAfter } = found.probe;
    await deleteOnce(client, SANDBOXES, remove);
    if (create !== undefined) await createOnce(client, SANDBOXES, create);
    return soonest(recheckAfter, countAfter);
  };
}

async function find(client: SkillClient, skill: Skill, options: SkillReconcilerOptions): Promise<Found> {
  const sandboxes = options.sandboxesOf(skill.metadata.uid ?? '');
  const source = gitSourceOf(skill);
  if (source === undefined) {
    return { content: await findContent(client, skill, options), probe: { remove: [...sandboxes] } };
  }
  const secret = secretFacts(skill, source, options.secrets);
  const known = await withoutLostPackage(client, skill, options);
  return planGitSource({ skill: known, source, secret, sandboxes, now: options.clock.now() });
}

/** A package that is gone, as after a restore, is fetched once more. */
async function withoutLostPackage(
  client: ContentClient,
  skill: Skill,
  options: SkillReconcilerOptions,
): Promise<Skill> {
  const { git, gitCheck: _, ...rest } = skill.status ?? {};
  if (git === undefined) return skill;
  const { contentHash } = git;
  const { packages } = options;
  return (await isKept(client, skill, { contentHash, packages })) ? skill : { ...skill, status: rest };
}

function secretFacts(
  { metadata }: Skill,
  { secretName }: GitSource,
  secrets: SkillReconcilerOptions['secrets'],
): SecretFacts | undefined {
  if (secretName === undefined) return undefined;
  const secret = secrets.get(objectKey({ namespace: metadata.namespace, name: secretName }));
  if (secret === undefined) return undefined;
  return { keys: filledKeys(secret), version: secret.metadata.resourceVersion ?? '' };
}
