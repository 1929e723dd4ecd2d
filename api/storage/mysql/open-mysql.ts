import { StorageError } from '../contract.ts';
import type { Driver } from '../contract.ts';
export async function openMysql(_url: string): Promise<Driver> {
  throw new StorageError('Unavailable', 'MySQL comes soon');
}
