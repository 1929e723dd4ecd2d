import { createMaskedBatches } from './masked-batches.ts';
import type { MaskedBatches } from './masked-batches.ts';
import { createMaskedViews } from './masked-view.ts';
import type { MaskedViews } from './masked-view.ts';
import { createMasks } from './masks.ts';
import type { Masks } from './masks.ts';

/** How credentials are hidden from those who may not read them, and what is kept of that between requests. */
export interface Masking {
  masks: Masks;
  views: MaskedViews;
  batches: MaskedBatches;
}

/** @param secret of at least 32 bytes, the same for all replicas */
export function createMasking(secret: Uint8Array): Masking {
  const masks = createMasks(secret);
  const views = createMaskedViews(masks);
  return { masks, views, batches: createMaskedBatches(views) };
}
