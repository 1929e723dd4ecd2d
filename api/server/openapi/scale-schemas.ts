import { API_VERSION, describedRef, int32, KIND, kindMark, META, text } from './schema.ts';
import type { OpenApiSchema } from './schema.ts';

const AUTOSCALING = 'io.k8s.api.autoscaling.v1';

const SCALE = `${AUTOSCALING}.Scale`;

/** What the subresource `scale` speaks (autoscaling/v1). */
export const SCALE_SCHEMAS: Readonly<Record<string, OpenApiSchema>> = {
  [SCALE]: {
    description: 'Scale is how many replicas of something there are to be.',
    type: 'object',
    properties: {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: describedRef(`${META}.ObjectMeta`, "Standard object's metadata."),
      spec: describedRef(`${AUTOSCALING}.ScaleSpec`, 'What is wanted.'),
      status: describedRef(`${AUTOSCALING}.ScaleStatus`, 'What there is. Read-only.'),
    },
    ...kindMark({ group: 'autoscaling', version: 'v1', kind: 'Scale' }),
  },
  [`${AUTOSCALING}.ScaleSpec`]: {
    description: 'ScaleSpec is what is wanted.',
    type: 'object',
    properties: { replicas: int32('How many replicas there are to be.') },
  },
  [`${AUTOSCALING}.ScaleStatus`]: {
    description: 'ScaleStatus is what there is.',
    type: 'object',
    required: ['replicas'],
    properties: {
      replicas: int32('How many replicas there are.'),
      selector: text('A label selector of the replicas, as text.'),
    },
  },
};
