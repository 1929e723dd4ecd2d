import { labelValueProblems, qualifiedNameProblems } from '#api/machinery/object-name';
import { badRequest } from '#api/machinery/status-error';
import { EXECUTOR_LABEL_PREFIX, ExecutorLabel } from '#api/types/executor';
import type { Platform } from '../drivers/driver.ts';

export type Labels = Readonly<Record<string, string>>;

/**
 * The labels in `key=value` that an operator wants the executor to have.
 * @throws StatusError BadRequest for one that is not valid, or that only people may give (executor-restriction.ts)
 */
export function readLabels(given: readonly string[] = []): Labels {
  return Object.freeze(Object.fromEntries(given.map(readLabel)));
}

function readLabel(text: string): [key: string, value: string] {
  const at = text.indexOf('=');
  if (at <= 0) throw badRequest(`--label must be KEY=VALUE, not "${text}"`);
  const [key, value] = [text.slice(0, at), text.slice(at + 1)];
  if (!key.startsWith(EXECUTOR_LABEL_PREFIX)) {
    throw badRequest(
      `--label ${text}: an executor gives itself labels that begin with ${EXECUTOR_LABEL_PREFIX} only; ` +
        `people give others: kubectl label executor NAME ${text}`,
    );
  }
  if ((Object.values(ExecutorLabel) as string[]).includes(key))
    throw badRequest(`--label ${text}: the executor manager finds ${key} out by itself`);
  const problems = [...qualifiedNameProblems(key), ...labelValueProblems(value)];
  if (problems.length > 0) throw badRequest(`--label ${text}: ${problems.join('; ')}`);
  return [key, value];
}

/** The labels by which everybody can choose; the platform is that of the sandboxes, as far as it is known. */
export function ownLabels(
  given: Labels,
  { runtime, platform }: { runtime: string; platform: Platform | undefined },
): Labels {
  return {
    ...given,
    [ExecutorLabel.Runtime]: runtime,
    ...(platform && { [ExecutorLabel.Arch]: platform.arch, [ExecutorLabel.OS]: platform.os }),
  };
}

/**
 * The changes of a merge patch by which the labels of the prefix are `wanted`; undefined when they are. All others
 * are those of people.
 */
export function labelChange(
  labels: Labels | undefined = {},
  wanted: Labels,
): Record<string, string | null> | undefined {
  const gone = Object.keys(labels).filter((key) => key.startsWith(EXECUTOR_LABEL_PREFIX) && !(key in wanted));
  const set = Object.entries(wanted).filter(([key, value]) => labels[key] !== value);
  if (gone.length + set.length === 0) return undefined;
  return { ...Object.fromEntries(set), ...Object.fromEntries(gone.map((key) => [key, null])) };
}
