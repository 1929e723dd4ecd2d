import { stringify } from 'yaml';

/** A kind with everything a definition can have; scenarios that define it use a plural of their own. */
export function widgetDefinition(plural: string, kind: string): object {
  const spec = {
    type: 'object',
    required: ['size'],
    'x-kubernetes-validations': [
      { rule: 'self.size <= 100 || has(self.note)', message: 'large widgets need a note' },
    ],
    properties: {
      size: { type: 'integer', format: 'int32', minimum: 0, description: 'How large it is.' },
      note: { type: 'string', maxLength: 20 },
      mode: { type: 'string', enum: ['fast', 'slow'], default: 'fast' },
      owner: {
        type: 'string',
        'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'field is immutable' }],
      },
      replicas: { type: 'integer', default: 1 },
      tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
      parts: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: {
          type: 'object',
          required: ['name'],
          properties: { name: { type: 'string' }, weight: { type: 'integer', default: 1 } },
        },
      },
      options: { type: 'object', additionalProperties: { type: 'string' } },
      extra: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      port: { 'x-kubernetes-int-or-string': true },
    },
  };
  const status = {
    type: 'object',
    properties: {
      phase: { type: 'string' },
      replicas: { type: 'integer' },
      selector: { type: 'string' },
      conditions: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
        items: {
          type: 'object',
          required: ['type'],
          properties: {
            type: { type: 'string' },
            status: { type: 'string' },
            reason: { type: 'string' },
            message: { type: 'string' },
          },
        },
      },
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.shop.example.com` },
    spec: {
      group: 'shop.example.com',
      scope: 'Namespaced',
      names: {
        kind,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [`${plural.slice(0, 3)}x`],
        categories: ['shop'],
      },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          selectableFields: [{ jsonPath: '.spec.mode' }],
          additionalPrinterColumns: [
            { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
            { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
            { name: 'Mode', type: 'string', jsonPath: '.spec.mode', priority: 1 },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          schema: {
            openAPIV3Schema: { type: 'object', description: 'A widget.', properties: { spec, status } },
          },
        },
      ],
    },
  };
}

/** An object of a kind that widgetDefinition defined. */
export function widget(
  kind: string,
  name: string,
  spec: object = { size: 1 },
  metadata: object = {},
): object {
  return { apiVersion: 'shop.example.com/v1', kind, metadata: { name, ...metadata }, spec };
}

export const established = (plural: string): string =>
  `wait --for=condition=Established crd/${plural}.shop.example.com --timeout=30s`;

/** Several objects as one file of YAML. */
export const documents = (...objects: readonly object[]): string =>
  objects.map((object) => stringify(object)).join('---\n');
