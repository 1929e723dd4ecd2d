import { objectKey } from '#api/machinery/meta';
import type { KubeObject } from '#api/machinery/meta';
import type { Bot } from '#api/types/generated/bot';
import { BOTS, GHOSTS, MODELS, SHELLS, SKILLS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Informer } from '../runtime/informer.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, referrersTo, source, specChanged } from '../runtime/source.ts';
import type { Source } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import { botReconciler, referenceKey } from './reconciler.ts';

/** Watches Bots and what they refer to: a Bot follows its parts when they appear, change or vanish. */
export function botController({
  client,
  informers,
  clock,
  logger,
  meter,
  recorder,
}: ControllerContext): Runnable {
  const bots = informers.of(BOTS);
  const ghosts = informers.of(GHOSTS);
  const shells = informers.of(SHELLS);
  const models = informers.of(MODELS);
  const skills = informers.of(SKILLS);
  return createController({
    name: 'bot',
    client,
    reconcile: botReconciler({
      bots,
      ghosts,
      shells,
      models,
      skill: (place) => skills.get(objectKey(place)),
      clock,
      troubles: createTroubles({ recorder: recorder('bot-controller'), clock }),
    }),
    failures: { find: (key) => bots.get(key), recorder: recorder('bot-controller') },
    sources: [
      objects(bots),
      followed(bots, ghosts, ['ghostRef']),
      followed(bots, shells, ['shellRef']),
      followed(bots, models, ['modelRef', 'secondaryModelRef']),
      // Whose Ghost has a Skill is known only by following dependencies; what they are for changes seldom.
      source(skills, (change) =>
        specChanged(change) ? bots.list().map(({ metadata }) => objectKey(metadata)) : [],
      ),
    ],
    clock,
    logger,
    meter,
  });
}

type RefField = 'ghostRef' | 'shellRef' | 'modelRef' | 'secondaryModelRef';

function followed<T extends KubeObject>(bots: Informer<Bot>, parts: Informer<T>, fields: RefField[]): Source {
  const index = `bot:${fields.join('+')}`;
  bots.addIndex(index, (bot) => fields.flatMap((field) => referenceKey(bot, bot.spec[field]) ?? []));
  return referrersTo(parts, bots, index);
}
