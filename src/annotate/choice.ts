import type { FieldObject } from '../objects/field-objects.ts';

/** What of a field is drawn, the most important first: labels are given places in this order. */
export interface Choice {
  /** Deep-sky objects. */
  readonly deepSky: readonly FieldObject[];
  readonly stars: readonly FieldObject[];
}

/** More than these make a picture a list. */
const MOST_DEEP_SKY = 90;
const MOST_STARS = 40;
/** In fields up to this, degrees of radius, everything is of interest. */
const NARROW_DEG = 1.2;
/** In wider ones, what is at least such a part of the shorter side: nova takes 2 %. */
const SMALLEST_PART = 0.015;
/** Fields from the first radius on show stars down to the second, magnitude; with a proper name down to the third. */
const STAR_LIMITS = [
  [8, 3.8, 4.6],
  [4, 4.6, 5.2],
  [2, 5.5, 6],
  [0, Infinity, Infinity],
] as const;

/**
 * Chooses what is drawn of a field.
 *
 * @param radiusDeg of the field
 * @param shortSide of the picture, pixels
 */
export function chooseObjects(objects: readonly FieldObject[], radiusDeg: number, shortSide: number): Choice {
  const narrow = radiusDeg <= NARROW_DEG;
  const deepSky = objects
    .filter((object) => {
      if (isNamedStar(object)) return false;
      if (fameOf(object) === 0) return true;
      const { type, commonNames, majorPx = 0 } = object;
      if (type === 'star' || type === 'double-star') return false;
      if (type === 'other' && commonNames.length === 0) return false;
      if (narrow) return true;
      return majorPx >= (commonNames.length > 0 ? 0.4 : 1) * SMALLEST_PART * shortSide;
    })
    .sort((a, b) => fameOf(a) - fameOf(b) || (b.majorPx ?? 0) - (a.majorPx ?? 0))
    .slice(0, MOST_DEEP_SKY);
  const [, plain, named] = STAR_LIMITS.find(([from]) => radiusDeg >= from)!;
  const stars = objects
    .filter((object) => {
      if (!isNamedStar(object) || !object.centreInside) return false;
      return (object.magnitude ?? Infinity) <= (object.commonNames.length > 0 ? named : plain);
    })
    .sort((a, b) => (a.magnitude ?? Infinity) - (b.magnitude ?? Infinity))
    .slice(0, MOST_STARS);
  return { deepSky, stars };
}

/** Messier objects first, then those with a name, NGC, IC, the rest. */
export function fameOf({ designations, commonNames, type }: FieldObject): number {
  const first = designations[0] ?? '';
  if (/^M \d/.test(first) && type !== 'star') return 0;
  if (commonNames.length > 0) return 1;
  if (first.startsWith('NGC ')) return 2;
  return first.startsWith('IC ') ? 3 : 4;
}

/** Is it of the list of stars? NGC and IC have stars as well, by mistake. */
function isNamedStar({ type, designations }: FieldObject): boolean {
  return type === 'star' && designations.at(-1)?.startsWith('HIP ') === true;
}

/** What a label says: `M 31 Andromeda Galaxy`, `NGC 7331`, `Alnitak`. */
export function labelOf(object: FieldObject): string {
  const { name, commonNames } = object;
  const [common] = commonNames;
  return common === undefined || common === name ? name : `${name}  ${common}`;
}
