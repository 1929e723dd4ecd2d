import { qualifiedNameProblems } from '../../machinery/object-name.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { KUBE_SYSTEM_NAMESPACE } from '../../machinery/users/process-account.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { invalidValue, requiredValue } from '../../structural-schema/field-error.ts';
import { toStored } from '../reading/presented.ts';
import type { Resource } from '../resource.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { Strategy } from './strategy.ts';

/**
 * Events as kubernetes pkg/apis/core/validation/events.go judges them: loosely through core/v1, strictly through
 * events.k8s.io/v1. JsonObject are those of core/v1 whatever version a client wrote.
 */
export const eventStrategy: Strategy = {
  validate(object, before, resource) {
    const event = toStored(resource, object);
    const causes = commonProblems(event, resource);
    if (resource.group === '') return causes;
    if (before === undefined) return [...causes, ...newEventProblems(event)];
    return [...causes, ...changeProblems(event, toStored(resource, before))];
  },
};

const MAX_TEXT = 128;
const MAX_NOTE = 1024;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

function commonProblems(event: Unstructured, resource: Resource): StatusCause[] {
  const involved = textOf(fieldsOf(event['involvedObject'])['namespace']);
  const { namespace = '' } = event.metadata;
  const isTimed = isSet(event['eventTime']);
  const fits = involved === '' ? isHome(namespace, isTimed) : isTimed || involved === namespace;
  return [
    ...(fits ? [] : [invalidValue('involvedObject.namespace', involved, 'does not match event.namespace')]),
    ...(isTimed
      ? timedProblems(event, resource.group === '' ? 'reportingComponent' : 'reportingController')
      : []),
  ];
}

/** Where Events about objects without a namespace are. */
function isHome(namespace: string, isTimed: boolean): boolean {
  return namespace === '' || namespace === 'default' || (isTimed && namespace === KUBE_SYSTEM_NAMESPACE);
}

function timedProblems(event: Unstructured, controllerField: string): StatusCause[] {
  const controller = textOf(event['reportingComponent']);
  return [
    ...(controller === '' ? [requiredValue(controllerField)] : []),
    ...qualifiedNameProblems(controller).map((problem) => invalidValue(controllerField, controller, problem)),
    ...textProblems('reportingInstance', event['reportingInstance']),
    ...textProblems('action', event['action']),
    ...textProblems('reason', event['reason']),
    ...(Buffer.byteLength(textOf(event['message'])) > MAX_NOTE
      ? [invalidValue('message', '', `can have at most ${MAX_NOTE} characters`)]
      : []),
  ];
}

function textProblems(field: string, value: unknown): StatusCause[] {
  if (!isSet(value)) return [requiredValue(field)];
  if (Buffer.byteLength(textOf(value)) <= MAX_TEXT) return [];
  return [invalidValue(field, '', `can have at most ${MAX_TEXT} characters`)];
}

/** Of the fields that only Events of the older kind have. */
const OLD_FIELDS = ['firstTimestamp', 'lastTimestamp', 'count', 'source'];

function newEventProblems(event: Unstructured): StatusCause[] {
  const type = textOf(event['type']);
  const known = type === 'Normal' || type === 'Warning';
  return [
    ...seriesProblems(event),
    ...(isSet(event['eventTime']) ? [] : [requiredValue('eventTime')]),
    ...(known ? [] : [invalidValue('type', '', `has invalid value: ${type}`)]),
    ...OLD_FIELDS.filter((name) => isUsed(event[name])).map((name) =>
      invalidValue(name, '', 'needs to be unset'),
    ),
  ];
}

/** Go's zero values are as good as absent. */
function isUsed(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(isSet);
  return isSet(value) && value !== 0;
}

function seriesProblems(event: Unstructured): StatusCause[] {
  if (!isSet(event['series'])) return [];
  const { count, lastObservedTime } = fieldsOf(event['series']);
  return [
    ...(typeof count === 'number' && count >= 2
      ? []
      : [invalidValue('series.count', '', 'should be at least 2')]),
    ...(isSet(lastObservedTime) ? [] : [requiredValue('series.lastObservedTime')]),
  ];
}

/** JsonObject of core/v1 and what a message calls them: upstream's are those of the internal version. */
const FIXED = [
  ['involvedObject'],
  ['reason'],
  ['message'],
  ['source'],
  ['firstTimestamp'],
  ['lastTimestamp'],
  ['count'],
  ['type'],
  ['eventTime'],
  ['action'],
  ['related'],
  ['reportingComponent', 'reportingController'],
  ['reportingInstance'],
] as const;

function changeProblems(event: Unstructured, previous: Unstructured): StatusCause[] {
  return [
    ...(deepEqual(event['series'], previous['series']) ? [] : seriesProblems(event)),
    ...FIXED.filter(([name]) => !sameOrUnused(event[name], previous[name])).map(([name, shown = name]) =>
      invalidValue(shown, event[name] ?? null, 'field is immutable'),
    ),
  ];
}

const sameOrUnused = (a: unknown, b: unknown): boolean => deepEqual(a, b) || (!isUsed(a) && !isUsed(b));
