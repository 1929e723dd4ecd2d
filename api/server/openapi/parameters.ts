import type { OpenApiSchema } from './schema.ts';

export interface Parameter {
  name: string;
  in: 'path' | 'query';
  description: string;
  required?: boolean;
  schema: OpenApiSchema;
}

const query = (name: string, schema: OpenApiSchema | string, description: string): Parameter => ({
  name,
  in: 'query',
  description,
  schema: typeof schema === 'string' ? { type: schema } : schema,
});

const inPath = (name: string, description: string): Parameter => ({
  name,
  in: 'path',
  description,
  required: true,
  schema: { type: 'string' },
});

const oneOf = (...values: string[]): OpenApiSchema => ({ type: 'string', enum: values });

export const NAMESPACE = inPath('namespace', 'Namespace of the object.');
export const NAME = inPath('name', 'Name of the object.');
export const PRETTY = query('pretty', 'string', "If 'true', the answer is indented.");

const DRY_RUN = query('dryRun', oneOf('All'), 'All: do everything but store it.');
const TIMEOUT = query('timeoutSeconds', 'integer', 'How long the call takes at most.');

/** kubectl decides by the parameters of PATCH whether the server knows dry runs and field validation. */
export const WRITE = [
  DRY_RUN,
  query('fieldManager', { type: 'string', maxLength: 128 }, 'Name of the writer, for managedFields.'),
  query(
    'fieldValidation',
    oneOf('Ignore', 'Warn', 'Strict'),
    'What happens to fields that are unknown or stand there twice.',
  ),
];
export const PATCH = [...WRITE, query('force', 'boolean', 'Apply even fields that another writer manages.')];

export const DELETE = [
  DRY_RUN,
  query('gracePeriodSeconds', { type: 'integer', minimum: 0 }, 'Seconds until the deletion.'),
  query('orphanDependents', 'boolean', 'Use propagationPolicy.'),
  query('propagationPolicy', oneOf('Background', 'Foreground', 'Orphan'), 'What happens to dependents.'),
];

const SELECT = [
  query('continue', 'string', 'Token of the page before.'),
  query('fieldSelector', 'string', 'Restricts the list by fields.'),
  query('labelSelector', 'string', 'Restricts the list by labels.'),
  query('limit', 'integer', 'How many objects a page has at most.'),
  query('resourceVersion', 'string', 'The version to read or to watch from.'),
  query('resourceVersionMatch', oneOf('Exact', 'NotOlderThan'), 'How resourceVersion is meant.'),
  query('sendInitialEvents', 'boolean', 'Whether a watch starts with what there is.'),
  TIMEOUT,
];
export const LIST = [
  query('allowWatchBookmarks', 'boolean', 'Whether a watch may send bookmarks.'),
  ...SELECT,
  query('watch', 'boolean', 'Whether to stream the changes, one WatchEvent a line.'),
];
export const DELETE_COLLECTION = [...DELETE, ...SELECT].toSorted((left, right) =>
  left.name < right.name ? -1 : 1,
);

/** Of the log of a Task. */
export const LOG = [
  query('after', { type: 'integer', minimum: 0 }, 'The last number seen; the log goes on after it.'),
  query('follow', 'boolean', 'Whether to wait for what is still to come.'),
  query('format', oneOf('jsonl', 'text'), 'Text for people, or one JSON object a line.'),
  query('thinking', 'boolean', 'Whether the text shows the reasoning of the model.'),
  query('timestamps', 'boolean', 'Whether each line of the text starts with its time.'),
];

/** Of the log of a Pod; those that only kubelets mean something by are left out. */
export const POD_LOG = [
  query('container', 'string', 'The container: agent.'),
  query('limitBytes', { type: 'integer', minimum: 1 }, 'How much is sent at most.'),
  query('previous', 'boolean', 'Whether the log of the attempt before is meant.'),
  query('sinceSeconds', { type: 'integer', minimum: 1 }, 'Leaves out what is older than this.'),
  query('sinceTime', 'string', 'Leaves out what is older than this time, in the form of RFC 3339.'),
  query('tailLines', { type: 'integer', minimum: 0 }, 'How many of the last lines to begin with.'),
];

/** Each of them once. */
export const SHARED: readonly Parameter[] = [
  ...new Set([NAMESPACE, PRETTY, ...PATCH, ...DELETE, ...LIST, ...LOG, ...POD_LOG]),
];
