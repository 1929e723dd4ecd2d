import type { Sandbox } from '#api/types/generated/sandbox';
import { isConversation } from '#api/types/shells/shell-types';
import type { RuntimeDriver } from '../drivers/driver.ts';
import type { CapacityGate } from '../places/capacity-gate.ts';
import { runtimeOf } from '../sandbox/sandbox-keys.ts';
import type { Inventory } from './inventory.ts';
import type { RuntimeSource } from './runtime-source.ts';

/** One way in which an executor runs runs, with what belongs to it. */
export interface RuntimeHost {
  driver: RuntimeDriver;
  runtimes: RuntimeSource;
  /** Its room. */
  gate: CapacityGate;
  /** Waits for the engine: nobody may call a sandbox lost, or start one, before it has said what is there. */
  inventory: Promise<Inventory>;
}

export interface RuntimeHostsOptions {
  /** For runs with a sandbox of their own. */
  sandboxes: RuntimeHost;
  /** For runs that only talk; absent: they have sandboxes too. */
  conversations?: RuntimeHost;
  /** Whether a runtime of this id is of `conversations`. */
  isShare: (runtimeID: string) => boolean;
}

/** The hosts of one executor. */
export class RuntimeHosts {
  readonly sandboxes: RuntimeHost;
  readonly conversations: RuntimeHost | undefined;
  readonly #isShare: RuntimeHostsOptions['isShare'];

  constructor({ sandboxes, conversations, isShare }: RuntimeHostsOptions) {
    this.sandboxes = sandboxes;
    this.conversations = conversations;
    this.#isShare = isShare;
  }

  all(): RuntimeHost[] {
    return this.conversations === undefined ? [this.sandboxes] : [this.sandboxes, this.conversations];
  }

  /** Where the Sandbox is, or is to be: settings may have changed since it was taken up. */
  of(sandbox: Sandbox): RuntimeHost {
    const runtimeID = runtimeOf(sandbox);
    const shares = runtimeID === undefined ? isConversation(sandbox.spec) : this.#isShare(runtimeID);
    return (shares ? this.conversations : undefined) ?? this.sandboxes;
  }
}
