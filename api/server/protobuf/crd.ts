import {
  base64,
  bool,
  count,
  double,
  flag,
  int,
  json,
  mapOf,
  message,
  messages,
  string,
  strings,
  time,
} from './fields.ts';
import type { FieldDescriptor, MessageFields } from './fields.ts';
import { metadata } from './metadata.ts';

/**
 * CustomResourceDefinition (generated.proto of k8s.io/apiextensions-apiserver): the typed client of apiextensions
 * sends it as protobuf.
 */

const schema: Record<number, FieldDescriptor> = {
  1: string('id'),
  2: string('$schema'),
  3: string('$ref'),
  4: string('description'),
  5: string('type'),
  6: string('format'),
  7: string('title'),
  8: json('default'),
  9: double('maximum'),
  10: flag('exclusiveMaximum'),
  11: double('minimum'),
  12: flag('exclusiveMinimum'),
  13: int('maxLength'),
  14: int('minLength'),
  15: string('pattern'),
  16: int('maxItems'),
  17: int('minItems'),
  18: flag('uniqueItems'),
  19: double('multipleOf'),
  20: { ...json('enum'), repeated: true },
  21: int('maxProperties'),
  22: int('minProperties'),
  23: strings('required'),
  35: message('externalDocs', { 1: string('description'), 2: string('url') }),
  36: json('example'),
  37: flag('nullable'),
  38: bool('x-kubernetes-preserve-unknown-fields'),
  39: flag('x-kubernetes-embedded-resource'),
  40: flag('x-kubernetes-int-or-string'),
  41: strings('x-kubernetes-list-map-keys'),
  42: string('x-kubernetes-list-type'),
  43: string('x-kubernetes-map-type'),
  44: messages('x-kubernetes-validations', {
    1: string('rule'),
    2: string('message'),
    3: string('messageExpression'),
    4: string('reason'),
    5: string('fieldPath'),
    6: bool('optionalOldSelf'),
  }),
};

const schemaOrBool = (name: string): FieldDescriptor => ({
  name,
  type: {
    type: 'message',
    fields: { 1: bool('allows'), 2: message('schema', schema) },
    become: ({ allows, schema: given }) => given ?? allows === true,
  },
});

/** A schema holds schemas. */
Object.assign(schema, {
  24: {
    name: 'items',
    type: {
      type: 'message',
      fields: { 1: message('schema', schema), 2: messages('schemas', schema) },
      become: ({ schema: given, schemas }) => schemas ?? given,
    },
  },
  25: messages('allOf', schema),
  26: messages('oneOf', schema),
  27: messages('anyOf', schema),
  28: message('not', schema),
  29: mapOf('properties', { type: 'message', fields: schema }),
  30: schemaOrBool('additionalProperties'),
  31: mapOf('patternProperties', { type: 'message', fields: schema }),
  32: mapOf('dependencies', {
    type: 'message',
    fields: { 1: message('schema', schema), 2: strings('properties') },
    become: ({ schema: given, properties }) => given ?? properties ?? null,
  }),
  33: schemaOrBool('additionalItems'),
  34: mapOf('definitions', { type: 'message', fields: schema }),
} satisfies Record<number, FieldDescriptor>);

const names: MessageFields = {
  1: string('plural'),
  2: string('singular'),
  3: strings('shortNames'),
  4: string('kind'),
  5: string('listKind'),
  6: strings('categories'),
};

const version: MessageFields = {
  1: string('name'),
  2: bool('served'),
  3: bool('storage'),
  4: message('schema', { 1: message('openAPIV3Schema', schema) }),
  5: message('subresources', {
    1: message('status', {}),
    2: message('scale', {
      1: string('specReplicasPath'),
      2: string('statusReplicasPath'),
      3: string('labelSelectorPath'),
    }),
  }),
  6: messages('additionalPrinterColumns', {
    1: string('name'),
    2: string('type'),
    3: string('format'),
    4: string('description'),
    5: int('priority'),
    6: string('jsonPath'),
  }),
  7: flag('deprecated'),
  8: string('deprecationWarning'),
  9: messages('selectableFields', { 1: string('jsonPath') }),
};

const webhook: MessageFields = {
  2: message('clientConfig', {
    1: message('service', { 1: string('namespace'), 2: string('name'), 3: string('path'), 4: int('port') }),
    2: base64('caBundle'),
    3: string('url'),
  }),
  3: strings('conversionReviewVersions'),
};

export const CRD_FIELDS: MessageFields = {
  1: metadata,
  2: message('spec', {
    1: string('group'),
    3: message('names', names),
    4: string('scope'),
    7: messages('versions', version),
    9: message('conversion', { 1: string('strategy'), 2: message('webhook', webhook) }),
    10: flag('preserveUnknownFields'),
  }),
  3: message('status', {
    1: messages('conditions', {
      1: string('type'),
      2: string('status'),
      3: time('lastTransitionTime'),
      4: string('reason'),
      5: string('message'),
      6: count('observedGeneration'),
    }),
    2: message('acceptedNames', names),
    3: strings('storedVersions'),
    4: count('observedGeneration'),
  }),
};
