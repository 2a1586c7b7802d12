import { dirname } from 'node:path';
import { writeFileAtomic } from '../io/atomic-write.ts';
import { writeAstapIni } from '../products/astap-ini.ts';
import type { ImageItem } from './images.ts';
import type { ProductFiles } from './product-kinds.ts';
import { makeFolder } from './products.ts';
import type { ImageResult } from './result.ts';

/**
 * Writes the `.ini` of an image that could not be worked on, if one is asked for: whoever waits for it learns why. What is in
 * the way of that is told by the fault itself.
 */
export async function writeFaultIni(
  item: ImageItem,
  result: ImageResult,
  files: ProductFiles | undefined,
  overwrite: boolean,
): Promise<void> {
  const path = files?.get('ini');
  if (path === undefined || !('fault' in result)) return;
  const text = writeAstapIni({ status: 'error', message: result.fault.message }, `solve ${item.name}`);
  try {
    await makeFolder(dirname(path));
    await writeFileAtomic(path, Buffer.from(text), { overwrite });
  } catch {
    // The image has its fault already.
  }
}
