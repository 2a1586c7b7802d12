import { ASCENT, DESCENT } from './lettering.ts';
import type { Lettering } from './lettering.ts';

/** A rectangle of a picture, edges in its pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A line of text that has a place. */
export interface PlacedLabel {
  readonly text: string;
  /** Left end. */
  readonly x: number;
  /** Baseline. */
  readonly y: number;
  readonly size: number;
}

/** Where a label would like to stand: a point, and which way it goes from there (-1, 0, 1 each). */
export interface Wish {
  readonly x: number;
  readonly y: number;
  readonly alongX: -1 | 0 | 1;
  readonly alongY: -1 | 0 | 1;
}

/** Gives labels places, first come, first served: none over another, none over the edge. */
export class LabelPlacer {
  readonly #bounds: Box;
  readonly #lettering: Lettering;
  readonly #gap: number;
  readonly #taken: Box[] = [];
  readonly #marks: Box[] = [];

  /** @param gap between labels, and to the edge, pixels */
  constructor(width: number, height: number, gap: number, lettering: Lettering) {
    this.#bounds = { left: gap, top: gap, right: width - gap, bottom: height - gap };
    this.#lettering = lettering;
    this.#gap = gap;
  }

  /** Keeps a rectangle free of labels. */
  reserve(box: Box): void {
    this.#taken.push(box);
  }

  /** Keeps a rectangle free as long as there is room elsewhere: marks that labels had better not cover. */
  avoid(box: Box): void {
    this.#marks.push(box);
  }

  /** The first place of those wished for that is free; undefined if none is. */
  place(text: string, size: number, wishes: readonly Wish[]): PlacedLabel | undefined {
    const width = this.#lettering.width(text, size);
    const height = (ASCENT + DESCENT) * size;
    const boxes = wishes.map(({ x, y, alongX, alongY }): Box => {
      const left = x + ((alongX - 1) / 2) * width;
      const top = y + ((alongY - 1) / 2) * height;
      return { left, top, right: left + width, bottom: top + height };
    });
    const free = boxes.filter((box) => inside(box, this.#bounds) && !this.#overlaps(box, this.#taken));
    const chosen = free.find((box) => !this.#overlaps(box, this.#marks)) ?? free[0];
    if (chosen === undefined) return undefined;
    this.#taken.push(chosen);
    return { text, x: chosen.left, y: chosen.top + ASCENT * size, size };
  }

  #overlaps(box: Box, others: readonly Box[]): boolean {
    const gap = this.#gap;
    return others.some(
      (other) =>
        box.left < other.right + gap &&
        box.right > other.left - gap &&
        box.top < other.bottom + gap / 2 &&
        box.bottom > other.top - gap / 2,
    );
  }
}

function inside(box: Box, bounds: Box): boolean {
  return box.left >= bounds.left && box.top >= bounds.top && box.right <= bounds.right && box.bottom <= bounds.bottom;
}
