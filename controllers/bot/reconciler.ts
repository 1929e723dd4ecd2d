import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import type { Bot } from '#api/types/generated/bot';
import type { Ghost } from '#api/types/generated/ghost';
import type { Model } from '#api/types/generated/model';
import type { Shell } from '#api/types/generated/shell';
import { withReady } from '#api/types/ready';
import { skillsOf } from '#api/types/skills/skill-set';
import type { FindSkill } from '#api/types/skills/skill-set';
import { BOTS } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { planBot } from './plan.ts';
import type { BotParts } from './plan.ts';

export interface BotReconcilerOptions {
  bots: { get(key: string): Bot | undefined };
  ghosts: { get(key: string): Ghost | undefined };
  shells: { get(key: string): Shell | undefined };
  models: { get(key: string): Model | undefined };
  skill: FindSkill;
  troubles: Troubles;
  clock: Clock;
}

/** Says in its status whether a Bot can be used. */
export function botReconciler(options: BotReconcilerOptions): Reconcile<Pick<Client, 'updateStatus'>> {
  const { bots, troubles, clock } = options;
  return async (key, { client }) => {
    const bot = bots.get(key);
    if (bot === undefined || bot.metadata.deletionTimestamp !== undefined) {
      troubles.follow(key, undefined);
      return;
    }
    const at = { now: formatTime(clock.now()), generation: bot.metadata.generation };
    const status = withReady(bot.status, planBot(bot, partsOf(bot, options)), at);
    troubles.follow(key, await writeStatus(client, BOTS, { object: bot, status }));
  };
}

function partsOf(bot: Bot, { ghosts, shells, models, skill }: BotReconcilerOptions): BotParts {
  const find = <T>(cache: { get(key: string): T | undefined }, ref: Reference | undefined): T | undefined => {
    const key = referenceKey(bot, ref);
    return key === undefined ? undefined : cache.get(key);
  };
  const ghost = find(ghosts, bot.spec.ghostRef);
  const set = ghost && skillsOf(ghost, skill);
  return {
    ghost,
    // A problem makes the Ghost not ready.
    skills: set === undefined || 'problem' in set ? [] : set.skills.map((chosen) => chosen.skill),
    shell: find(shells, bot.spec.shellRef),
    model: find(models, bot.spec.modelRef),
    secondaryModel: find(models, bot.spec.secondaryModelRef),
  };
}

interface Reference {
  name: string;
  namespace?: string;
}

/** The key of what a Bot refers to, in the Bot's namespace unless the reference names one. */
export function referenceKey(bot: Bot, ref: Reference | undefined): string | undefined {
  return ref && objectKey({ namespace: ref.namespace ?? bot.metadata.namespace, name: ref.name });
}
