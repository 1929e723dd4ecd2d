import { StatusError } from '#api/machinery/status-error';
import type { StatusReason } from '#api/machinery/status-error';

/** An image that cannot be had, or not be used here. Another attempt would meet the same; a busy registry is no such case. */
export class ImageUnavailable extends StatusError {
  constructor(reason: StatusReason, message: string, options: { cause?: unknown } = {}) {
    super(reason, message, options);
    this.name = 'ImageUnavailable';
  }
}
