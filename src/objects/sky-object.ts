/** What an object is. `star` and `double-star` are also those entries of NGC and IC that turned out to be no more. */
export const OBJECT_TYPES = [
  'star',
  'double-star',
  'galaxy',
  'galaxy-group',
  'open-cluster',
  'globular-cluster',
  'cluster-with-nebula',
  'association',
  'nebula',
  'dark-nebula',
  'planetary-nebula',
  'supernova-remnant',
  'nova',
  'other',
] as const;

/** See {@link OBJECT_TYPES}. */
export type ObjectType = (typeof OBJECT_TYPES)[number];

/** A star or a deep-sky object, as the catalogue has it. */
export interface SkyObject {
  /** What a label says: `M 31`, `NGC 7331`; of stars and of what has no usual number the name: `Alnitak`, `Hyades`; else `σ Ori`. */
  readonly name: string;
  /** All designations, the best known first: `M 31`, `NGC 224`; `ζ Ori`, `50 Ori`, `HIP 26727`. */
  readonly designations: readonly string[];
  /** Names people use: `Andromeda Galaxy`; `Alnitak`. */
  readonly commonNames: readonly string[];
  /** What it is. */
  readonly type: ObjectType;
  /** Right ascension, ICRS degrees. */
  readonly ra: number;
  /** Declination, ICRS degrees. */
  readonly dec: number;
  /** V magnitude, or B where V is not known. */
  readonly magnitude?: number;
  /** Longer axis of the outline, arcmin; absent if not known, and of stars. */
  readonly majorArcmin?: number;
  /** Shorter axis; equal to the longer one where only that is known. */
  readonly minorArcmin?: number;
  /** Direction of the longer axis on the sky, degrees east of north, 0 to 180; absent if not known. */
  readonly positionAngle?: number;
}
