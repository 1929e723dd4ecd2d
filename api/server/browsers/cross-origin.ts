import { StatusError } from '../../machinery/status-error.ts';
import type { CorsPolicy } from './cors.ts';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The part of a request that tells which page made it. */
export interface PageRequest {
  /** Upper case. */
  method: string;
  /** By its name in lower case. */
  header(name: string): string | undefined;
  /** A connection to be upgraded is never safe: the page could read and write all that comes over it. */
  isUpgrade: boolean;
}

/**
 * Refuses what a page of another origin makes a browser do in its user's name: browsers send certificates, and
 * cookies, by themselves. As CrossOriginProtection of Go's net/http does, by what browsers say of a request and pages
 * cannot forge; programs that are no browsers say nothing and pass.
 * @throws StatusError Forbidden
 */
export function refuseCrossOrigin({ method, header, isUpgrade }: PageRequest, cors: CorsPolicy): void {
  if (SAFE_METHODS.has(method) && !isUpgrade) return;
  const origin = header('origin');
  const site = header('sec-fetch-site');
  if (site === 'same-origin' || site === 'none' || cors.allows(origin)) return;
  if (site === undefined && (origin === undefined || isOwn(origin, header('host')))) return;
  throw new StatusError('Forbidden', 'forbidden: a page of another origin may not do this', {
    details: {},
  });
}

/** For browsers that do not tell the site: `null`, the origin of a sandboxed page, is nobody's own. */
function isOwn(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}
