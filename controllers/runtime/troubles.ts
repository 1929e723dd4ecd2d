import type { Clock } from '#api/machinery/clock';
import { findCondition } from '#api/machinery/condition';
import type { Condition } from '#api/machinery/condition';
import type { KubeObject } from '#api/machinery/meta';
import type { EventSink } from './controller-context.ts';

/** Tells people, by Events, of objects that are not Ready, and of the end of it. */
export interface Troubles {
  /** The object as it is now; undefined when it is gone or its state no longer matters. */
  follow(key: string, object: (KubeObject & WithConditions) | undefined): void;
}

interface WithConditions {
  status?: { conditions?: Condition[] };
}

export interface TroublesOptions {
  recorder: EventSink;
  clock: Clock;
  /** How long a trouble must last to be told of, in milliseconds. */
  settleMs?: number;
  /** Reasons that a person has wished for: their Events are Normal. */
  wished?: ReadonlySet<string>;
}

interface Trouble {
  text: string;
  cancel: () => void;
  /** This trouble, or one before it, was told of. */
  isTold: boolean;
}

/**
 * Objects that are applied together become ready one after the other, within moments. What is over before
 * it has settled is no news; otherwise each new folder of manifests would begin with a list of warnings.
 */
export function createTroubles({ recorder, clock, settleMs = 2000, wished }: TroublesOptions): Troubles {
  const troubles = new Map<string, Trouble>();

  function forget(key: string): Trouble | undefined {
    const trouble = troubles.get(key);
    trouble?.cancel();
    troubles.delete(key);
    return trouble;
  }

  function begin(key: string, object: KubeObject, ready: Condition): void {
    const text = `${ready.reason}: ${ready.message}`;
    if (troubles.get(key)?.text === text) return;
    const isTold = forget(key)?.isTold ?? false;
    const trouble: Trouble = { text, isTold, cancel: () => {} };
    trouble.cancel = clock.after(settleMs, () => {
      trouble.isTold = true;
      const type = wished?.has(ready.reason) === true ? 'Normal' : 'Warning';
      recorder.event(object, { type, reason: ready.reason, message: ready.message });
    });
    troubles.set(key, trouble);
  }

  return {
    follow(key, object) {
      const ready = findCondition(object?.status?.conditions, 'Ready');
      if (object === undefined || ready === undefined) {
        forget(key);
      } else if (ready.status !== 'True') {
        begin(key, object, ready);
      } else if (forget(key)?.isTold === true) {
        recorder.event(object, { type: 'Normal', reason: ready.reason, message: ready.message });
      }
    },
  };
}
