import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './program.ts';

interface Frames {
  writeFrame(path: string, seed: number): Promise<void>;
}

/** Makes a folder of small frames that are solved in a blink, 00000.fits and so on; each is of another place. */
export async function writeFrames(folder: string, count: number, firstSeed = 0): Promise<string[]> {
  const { writeFrame } = (await import(join(ROOT, 'bench/frames.mjs'))) as Frames;
  mkdirSync(folder, { recursive: true });
  const paths: string[] = [];
  for (let i = firstSeed; i < firstSeed + count; i++) {
    const path = join(folder, `${String(i).padStart(5, '0')}.fits`);
    await writeFrame(path, i);
    paths.push(path);
  }
  return paths;
}
