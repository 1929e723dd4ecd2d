import { isConditionTrue } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import { BotReason, botNotReady, botReady } from '#api/types/bot';
import type { BotNotReadyReason } from '#api/types/bot';
import type { Bot, BotSpec } from '#api/types/generated/bot';
import type { Ghost } from '#api/types/generated/ghost';
import type { Model } from '#api/types/generated/model';
import type { Shell } from '#api/types/generated/shell';
import type { Skill } from '#api/types/generated/skill';
import { modelSettings } from '#api/types/models/model-config';
import type { ReadyStatus } from '#api/types/ready';
import { placeOf } from '#api/types/skills/skill-set';
import { SHELL_TYPES, shellTypeOf } from '#api/types/shells/shell-types';
import type { ShellType } from '#api/types/shells/shell-types';

/** What the Bot's references lead to; undefined where there is no such object. */
export interface BotParts {
  ghost: Ghost | undefined;
  shell: Shell | undefined;
  model: Model | undefined;
  secondaryModel: Model | undefined;
  /** All that the Ghost has; empty while it is not known. */
  skills: readonly Skill[];
}

type RefField = 'ghostRef' | 'shellRef' | 'modelRef' | 'secondaryModelRef';

interface Reference {
  field: RefField;
  kind: 'Ghost' | 'Shell' | 'Model';
  found: { status?: ReadyStatus } | undefined;
}

/** Available when all references resolve to objects that are ready, else naming the first that does not. */
export function planBot(bot: Bot, parts: BotParts): NewCondition {
  const references: Reference[] = [
    { field: 'ghostRef', kind: 'Ghost', found: parts.ghost },
    { field: 'shellRef', kind: 'Shell', found: parts.shell },
    { field: 'modelRef', kind: 'Model', found: parts.model },
    { field: 'secondaryModelRef', kind: 'Model', found: parts.secondaryModel },
  ];
  for (const reference of references) {
    const problem = planReference(bot, reference);
    if (problem !== undefined) return problem;
  }
  return planModelUse(bot, parts) ?? planSecondModel(bot, parts) ?? planSkillUse(parts) ?? botReady();
}

/** Whether the Skills of the Ghost work with the Shell. */
function planSkillUse({ shell, skills }: BotParts): NewCondition | undefined {
  const type = shell && shellTypeOf(shell.spec);
  if (type === undefined) return undefined;
  for (const skill of skills) {
    const { bindShells, checks = [] } = skill.spec;
    const shown = `spec.ghostRef: Skill "${placeOf(skill)}"`;
    if (bindShells !== undefined && !bindShells.includes(type)) {
      const fit = bindShells.length === 0 ? 'no Shell' : bindShells.join(', ');
      return botNotReady(BotReason.SkillNotSupported, `${shown} works with ${fit}, not with ${type}.`);
    }
    if (checks.length > 0 && !SHELL_TYPES[type].needsContainer) {
      return botNotReady(
        BotReason.SkillNotSupported,
        `${shown} has checks, and ${type} has no files that they could run in.`,
      );
    }
  }
  return undefined;
}

const A_MODEL = 'the Shell calls a model';
const WHAT_IS_CALLED: Partial<Record<ShellType, string>> = {
  Dify: 'a Model names the application of Dify and its key (DIFY_API_KEY)',
};

/** Whether the Shell gets the model it needs. */
function planModelUse(bot: Bot, { shell, model }: BotParts): NewCondition | undefined {
  const { modelRef } = bot.spec;
  // A Shell without a type is not ready, so the Bot never comes here with one.
  const type = shell && shellTypeOf(shell.spec);
  if (type === undefined) return undefined;
  const { needsModel, modelProtocols } = SHELL_TYPES[type];
  if (!needsModel) return undefined;
  if (modelRef === undefined || model === undefined) {
    return botNotReady(
      BotReason.ModelRequired,
      `spec.modelRef: required, since ${WHAT_IS_CALLED[type] ?? A_MODEL}.`,
    );
  }
  const name = `${modelRef.namespace ?? bot.metadata.namespace ?? ''}/${modelRef.name}`;
  const { modelType = 'llm' } = model.spec;
  if (modelType !== 'llm') {
    return botNotReady(
      BotReason.ModelNotSupported,
      `spec.modelRef: Model "${name}" is of type ${modelType}; ${type} needs a language model (llm).`,
    );
  }
  const { protocol } = modelSettings(model.spec);
  if (protocol === undefined || modelProtocols.includes(protocol)) return undefined;
  return botNotReady(
    BotReason.ModelNotSupported,
    `spec.modelRef: Model "${name}" speaks ${protocol}; ${type} needs ${modelProtocols.join(' or ')}.`,
  );
}

/** It helps another model with words, so it has to be one that has them. */
function planSecondModel(bot: Bot, { secondaryModel }: BotParts): NewCondition | undefined {
  const { secondaryModelRef: ref } = bot.spec;
  const { modelType = 'llm' } = secondaryModel?.spec ?? {};
  if (ref === undefined || modelType === 'llm') return undefined;
  const name = `${ref.namespace ?? bot.metadata.namespace ?? ''}/${ref.name}`;
  return botNotReady(
    BotReason.ModelNotSupported,
    `spec.secondaryModelRef: Model "${name}" is of type ${modelType}; it has to be a language model (llm).`,
  );
}

function planReference(bot: Bot, { field, kind, found }: Reference): NewCondition | undefined {
  const ref: BotSpec[RefField] = bot.spec[field];
  if (ref === undefined) return undefined;
  const shown = `spec.${field}: ${kind} "${ref.namespace ?? bot.metadata.namespace ?? ''}/${ref.name}"`;
  if (found === undefined) {
    return botNotReady(`${kind}NotFound` satisfies BotNotReadyReason, `${shown} not found.`);
  }
  // Not asked for the newest generation: else a Bot would flap with each edit of its parts.
  if (isConditionTrue(found.status?.conditions, 'Ready')) return undefined;
  const why = found.status?.message;
  return botNotReady(
    `${kind}NotReady` satisfies BotNotReadyReason,
    `${shown} is not ready${why === undefined ? '' : `: ${why.replace(/\.$/, '')}`}.`,
  );
}
