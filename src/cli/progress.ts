import type { Progress } from '../solution.ts';

/** Redrawing more often than this is work for nobody. */
const REDRAW_MS = 80;

const STAGES: Readonly<Record<Progress['stage'], string>> = {
  read: 'reading',
  detect: 'finding stars',
  search: 'searching the sky',
  fit: 'fitting',
  upload: 'uploading',
  wait: 'waiting',
  fetch: 'fetching the solution',
};

/** The one line that tells how far a batch is. */
export interface ProgressLine {
  update(file: string, progress: Progress): void;
  /** One more image is done. */
  finish(): void;
}

/**
 * @param total images
 * @param draw shows a text in place of the last one; '' removes it
 */
export function createProgressLine(total: number, draw: (text: string) => void): ProgressLine {
  let done = 0;
  let drawn = -Infinity;
  return {
    update(file, progress) {
      const now = performance.now();
      if (now - drawn < REDRAW_MS) return;
      drawn = now;
      const count = total > 1 ? `[${done + 1}/${total}] ` : '';
      const part = progress.fraction === undefined ? '' : ` ${Math.round(100 * progress.fraction)} %`;
      const text = progress.text === undefined ? '' : `, ${progress.text}`;
      draw(`${count}${file}: ${STAGES[progress.stage]}${part}${text}`);
    },
    finish() {
      done++;
      drawn = -Infinity;
      draw('');
    },
  };
}
