import { modelWay } from '#dev/environment/model-way';
import type { ModelWay, ModelWayOptions } from '#dev/environment/model-way';
import { recordingLogger } from './recording-logger.ts';

export interface RecordedModelWay extends ModelWay {
  /** What the manager's side has logged. */
  readonly log: () => string;
}

/** The way of a call from an agent to a service, with what is logged on it. */
export async function recordedModelWay(
  options: Omit<ModelWayOptions, 'logger'> = {},
): Promise<RecordedModelWay> {
  const logger = recordingLogger();
  const way = await modelWay({ ...options, logger });
  return { ...way, log: () => logger.lines.join('\n') };
}
