import { copyFile, constants, link, realpath, stat, unlink } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import { SolveError } from '../errors.ts';
import { writeFileAtomic } from './atomic-write.ts';
import type { ByteSource } from './byte-source.ts';
import { openFile } from './file-source.ts';
import { removeLeftBehind } from './left-behind.ts';

/** What became of a file. */
export interface Rewritten {
  /** Where the old file is kept, if it is. */
  readonly backup?: string;
  /** The new file. */
  readonly size: number;
  /** When it was written, in ns. */
  readonly mtimeNs: bigint;
}

/** A name for the backup is looked for this far. */
const MOST_BACKUPS = 10_000;

/**
 * Replaces a file by what is made of it, so that at any moment either the old file or the new one stands under its name.
 * A link is followed to its target; mode and owner stay where the system lets them. Other hard links keep the old file.
 *
 * @param make gives the new bytes, which may come from the source as they are asked for
 * @param options `backup`: keep the old file beside it as `.bak`, `.bak.2` and so on; what is there is never replaced
 * @throws {SolveError} `FILE_UNWRITABLE`; `FILE_CHANGED` if another program has written to it meanwhile; as `openFile`
 * @throws what `make` throws; the file is as it was then
 */
export async function rewriteFile(
  path: string,
  make: (source: ByteSource) => Promise<AsyncIterable<Uint8Array> | undefined>,
  { backup = false }: { readonly backup?: boolean } = {},
): Promise<Rewritten | undefined> {
  // Looked at before it is opened: then whatever takes its place from here on is noticed at the end.
  const target = await realpath(path).catch(() => path);
  const before = await stat(target, { bigint: true }).catch(() => undefined);
  const source = await openFile(path);
  let kept: string | undefined;
  try {
    if (before === undefined) throw new SolveError('FILE_CHANGED', `${path}: came only now`);
    if ((before.mode & 0o222n) === 0n) throw new SolveError('FILE_UNWRITABLE', `${path}: is read-only`);
    const pieces = await make(source);
    await removeLeftBehind(dirname(target));
    if (pieces === undefined) return undefined;
    const watched = async function* (): AsyncGenerator<Uint8Array> {
      yield* pieces;
      const now = await stat(target, { bigint: true }).catch(() => undefined);
      if (now === undefined || !isSame(before, now)) {
        throw new SolveError('FILE_CHANGED', `${path}: another program has written to it meanwhile`);
      }
      // As late as can be: a backup is there only if the file is replaced.
      if (backup) kept = await keep(target, path);
    };
    await writeFileAtomic(target, watched(), {
      overwrite: true,
      like: { mode: Number(before.mode), uid: Number(before.uid), gid: Number(before.gid) },
    });
    const { size, mtimeNs } = await stat(target, { bigint: true });
    return { size: Number(size), mtimeNs, ...(kept === undefined ? {} : { backup: kept }) };
  } catch (error) {
    if (kept !== undefined) await unlink(kept).catch(() => {});
    throw error;
  } finally {
    await source.close();
  }
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs;
}

/** Gives the file a second name, which costs nothing; where there are no links, copies it. */
async function keep(target: string, path: string): Promise<string> {
  const own = await stat(target, { bigint: true });
  for (let i = 1; i <= MOST_BACKUPS; i++) {
    const name = `${target}.bak${i === 1 ? '' : `.${i}`}`;
    try {
      await link(target, name).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') throw error;
        await copyFile(target, name, constants.COPYFILE_EXCL);
      });
      return name;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST') throw new SolveError('FILE_UNWRITABLE', `${name}: ${message}`, { cause: error });
      // A run that was killed here has made it already.
      const there = await stat(name, { bigint: true }).catch(() => undefined);
      if (there?.ino === own.ino && there.dev === own.dev) return name;
    }
  }
  throw new SolveError('FILE_UNWRITABLE', `${path}: ${MOST_BACKUPS} backups are there already`);
}
