import type { NewCondition } from '#api/machinery/condition';
import { BotReason, botNotReady, botReady } from '#api/types/bot';
import type { BotNotReadyReason } from '#api/types/bot';
import type { Bot, BotSpec } from '#api/types/generated/bot';
import type { Ghost } from '#api/types/generated/ghost';
import type { Model } from '#api/types/generated/model';
import type { Shell } from '#api/types/generated/shell';
import { isReadyNow } from '#api/types/ready';
import type { ReadyStatus } from '#api/types/ready';

/** What the Bot's references lead to; undefined where there is no such object. */
export interface BotParts {
  ghost: Ghost | undefined;
  shell: Shell | undefined;
  model: Model | undefined;
  secondaryModel: Model | undefined;
}

/** Shells that bring their own model. */
const WITHOUT_MODEL: ReadonlySet<string> = new Set(['Dify']);

type RefField = 'ghostRef' | 'shellRef' | 'modelRef' | 'secondaryModelRef';

interface Reference {
  field: RefField;
  kind: 'Ghost' | 'Shell' | 'Model';
  found: { metadata: { generation?: number }; status?: ReadyStatus } | undefined;
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
  return needsModel(parts.shell) && bot.spec.modelRef === undefined
    ? botNotReady(BotReason.ModelRequired, 'spec.modelRef: required, since the Shell calls a model.')
    : botReady();
}

function planReference(bot: Bot, { field, kind, found }: Reference): NewCondition | undefined {
  const ref: BotSpec[RefField] = bot.spec[field];
  if (ref === undefined) return undefined;
  const shown = `spec.${field}: ${kind} "${ref.namespace ?? bot.metadata.namespace ?? ''}/${ref.name}"`;
  if (found === undefined) {
    return botNotReady(`${kind}NotFound` satisfies BotNotReadyReason, `${shown} not found.`);
  }
  if (isReadyNow(found)) return undefined;
  const why = found.status?.message;
  return botNotReady(
    `${kind}NotReady` satisfies BotNotReadyReason,
    `${shown} is not ready${why === undefined ? '' : `: ${why.replace(/\.$/, '')}`}.`,
  );
}

function needsModel(shell: Shell | undefined): boolean {
  return !WITHOUT_MODEL.has(shell?.spec.shellType ?? shell?.spec.runtime ?? '');
}
