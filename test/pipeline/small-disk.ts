import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { journalTestFolder } from './journal-set-up.ts';

const [MOUNT, UNMOUNT] = ['mount', 'umount'] as const;

/** A disk of so many bytes in a folder. False if this user may make none. */
function mountDisk(folder: string, size: number): boolean {
  mkdirSync(folder);
  return spawnSync(MOUNT, ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]).status === 0;
}

/** A disk that is gone with the test. */
export function smallDisk(size = 256 * 1024): string {
  const folder = join(journalTestFolder(), 'disk');
  expect(mountDisk(folder, size)).toBe(true);
  onTestFinished(() => {
    spawnSync(UNMOUNT, ['-l', folder]);
  });
  return folder;
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  const can = mountDisk(join(folder, 'disk'), 4096);
  if (can) spawnSync(UNMOUNT, [join(folder, 'disk')]);
  rmSync(folder, { recursive: true });
  return can;
}

/** Whether this user may mount one: it takes root. */
export const mounts: boolean = process.platform === 'linux' && canMount();
if (!mounts) console.warn('SKIPPED: a full disk needs a user who may mount a small one');
