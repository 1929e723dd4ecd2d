import type { StatusCause } from '../../machinery/status-error.ts';
import { unsupportedValue } from '../../structural-schema/field-error.ts';
import type { TaskSubTask } from '../../types/generated/task.ts';

/** A node that a Task does not have; people know its nodes by their titles, so these stand behind the ids. */
export function unknownNode(field: string, node: string, records: readonly TaskSubTask[]): StatusCause {
  const ids = records.flatMap((record) => record.node ?? []);
  const titles = records.flatMap(({ node: id, title }) =>
    id === undefined || title === undefined || title === id ? [] : [`${id}: ${title}`],
  );
  const { message, ...cause } = unsupportedValue(field, node, ids);
  return { ...cause, message: titles.length === 0 ? message : `${message} (${titles.join(', ')})` };
}
