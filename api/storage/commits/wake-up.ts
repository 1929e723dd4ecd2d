/** A topic that is heard, not said: anything may have happened. */
export const EVERYTHING = '*';

/** Tells other replicas that there is something new. Only ever a hint: losing one delays, never loses. */
export interface WakeUp {
  /** Whether hints of others would arrive now; who waits for them looks more often while not. */
  readonly listening: boolean;
  /** `topic` is `revision` or `task/UID`. */
  publish(topic: string): void;
  subscribe(listener: (topic: string) => void): () => void;
  close(): Promise<void>;
}

/** For a single process: there is nobody to tell. */
export const noWakeUp: WakeUp = {
  listening: false,
  publish() {},
  subscribe: () => () => {},
  async close() {},
};
