import { createHash, randomUUID } from 'node:crypto';
import { readdir, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

// Temporary files of writers that were killed. Their names tell whose they are, so that nobody else's are touched.

/** Machines that share a drive have different ones. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

const NAME = /^\..*\.([0-9a-f]{8})-(\d+)-[0-9a-f-]{36}\.tmp$/s;

/** Folders that were tidied in the life of this process. */
const tidied = new Set<string>();

/** Where to write what shall take the place of `path`: hidden, in the same folder, and free. */
export function temporaryPath(path: string): string {
  // 40 characters of three or four bytes leave room within the 255 bytes that a name may have.
  const start = basename(path).slice(0, 40);
  return join(dirname(path), `.${start}.${HOST}-${process.pid}-${randomUUID()}.tmp`);
}

/**
 * Removes temporary files from a folder whose writers do not run any more: once for each folder and process, and never
 * those of other machines. Whatever cannot be removed stays: it does no harm.
 */
export async function removeLeftBehind(folder: string): Promise<void> {
  if (tidied.has(folder)) return;
  tidied.add(folder);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const [, host, pid] = NAME.exec(name) ?? [];
    if (host !== HOST || !(await isLeft(join(folder, name), Number(pid)))) continue;
    await unlink(join(folder, name)).catch(() => {});
  }
}

async function isLeft(path: string, pid: number): Promise<boolean> {
  if (pid !== process.pid) return !isAlive(pid);
  // In a container each run may have the same number: what is older than this one is not its own.
  const begun = Date.now() - process.uptime() * 1000;
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && stats.mtimeMs < begun;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
