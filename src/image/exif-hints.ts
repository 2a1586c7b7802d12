import type { HeaderHint } from '../hints.ts';
import { isTiff, readDirectory } from './tiff-directory.ts';
import type { TiffDirectory } from './tiff-directory.ts';

const TAG = {
  exif: 34665,
  focalLength: 37386,
  pixelWidth: 40962,
  pixelHeight: 40963,
  focalPlaneX: 41486,
  focalPlaneUnit: 41488,
  focalLength35: 41989,
} as const;

/** Micrometres in the units of FocalPlaneResolutionUnit: none (inches are meant), inch, cm, mm, um. */
const UNIT_UM: readonly number[] = [25_400, 25_400, 25_400, 10_000, 1000, 1];

/** Diagonal of a frame of 35 mm film, millimetres: what "focal length in 35 mm film" refers to (CIPA DCG-001). */
const FILM_DIAGONAL_MM = Math.hypot(36, 24);

/** Arcsec in a radian. */
const ARCSEC = (180 * 3600) / Math.PI;

/** Scales of less or more arcsec per pixel are mistakes. */
const MIN_ARCSEC = 0.005;
const MAX_ARCSEC = 2000;

/** What is known of a lens and of the sensor behind it. */
export interface Lens {
  /** Millimetres. */
  readonly focalMm?: number | undefined;
  /** Distance of pixels on the sensor, micrometres. */
  readonly pitchUm?: number | undefined;
  /** Millimetres: what would give the same field on 35 mm film. */
  readonly focal35Mm?: number | undefined;
}

/**
 * Arcsec per pixel from EXIF: focal length and pixels on the focal plane, or the focal length in 35 mm film. Telescopes and
 * manual lenses leave them empty or zero, and pictures that were made smaller or cropped keep those of the camera: pixels
 * that were merged are allowed for as far as EXIF tells how many there were.
 *
 * @param exif a TIFF structure, with or without `Exif\0\0` in front; damaged ones say nothing
 * @param width of the picture, pixels
 * @param height of the picture, pixels
 */
export function exifHints(exif: Uint8Array, width: number, height: number): HeaderHint[] {
  const marked = exif[0] === 0x45 && exif[1] === 0x78;
  const bytes = marked ? exif.subarray(6) : exif;
  if (!isTiff(bytes)) return [];
  try {
    const first = readDirectory(bytes, 'EXIF');
    const at = first.number(TAG.exif);
    const directory = at === undefined ? first : readDirectory(bytes, 'EXIF', at);
    return lensHints(readLens(directory, width, height), width, height);
  } catch {
    return [];
  }
}

/** Arcsec per pixel by what is known of the lens, the more direct first. */
export function lensHints({ focalMm, pitchUm, focal35Mm }: Lens, width: number, height: number): HeaderHint[] {
  const hints: HeaderHint[] = [];
  const add = (from: string, scaleArcsec: number): void => {
    if (scaleArcsec >= MIN_ARCSEC && scaleArcsec <= MAX_ARCSEC) hints.push({ kind: 'scale', from, scaleArcsec });
  };
  if (focalMm !== undefined && pitchUm !== undefined) {
    add('EXIF FocalLength, FocalPlaneXResolution', (ARCSEC * pitchUm) / 1000 / focalMm);
  }
  if (focal35Mm !== undefined) {
    add('EXIF FocalLengthIn35mmFilm', (ARCSEC * FILM_DIAGONAL_MM) / Math.hypot(width, height) / focal35Mm);
  }
  return hints;
}

function readLens(directory: TiffDirectory, width: number, height: number): Lens {
  const positive = (tag: number): number | undefined => {
    const value = directory.number(tag);
    return value !== undefined && value > 0 && Number.isFinite(value) ? value : undefined;
  };
  const resolution = positive(TAG.focalPlaneX);
  // The resolution is that of the picture that the camera made; a turned one has changed its sides.
  const made = Math.max(positive(TAG.pixelWidth) ?? 0, positive(TAG.pixelHeight) ?? 0);
  const shrunk = made === 0 ? 1 : made / Math.max(width, height);
  const unit = UNIT_UM[directory.number(TAG.focalPlaneUnit) ?? 2] ?? UNIT_UM[2]!;
  return {
    focalMm: positive(TAG.focalLength),
    pitchUm: resolution === undefined ? undefined : (unit / resolution) * shrunk,
    focal35Mm: positive(TAG.focalLength35),
  };
}
