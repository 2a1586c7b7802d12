import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { SolveError } from '../errors.ts';
import { fieldObjects } from '../objects/field-objects.ts';
import type { FieldObject, SolvedImage } from '../objects/field-objects.ts';
import { ObjectCatalogue } from '../objects/object-catalogue.ts';
import type { ObjectFilter } from '../objects/object-catalogue.ts';

/** The file that comes with the package, seen from a module two folders deep in `dist`. */
const FILE = new URL('../../data/objects.bin', import.meta.url);

let bundled: Promise<ObjectCatalogue> | undefined;

/**
 * Stars with names and the deep-sky objects of NGC and IC that come with the package. Read once, at first use.
 *
 * @throws {SolveError} `INDEX_MISSING`, `INDEX_CORRUPT`
 */
export function openObjects(): Promise<ObjectCatalogue> {
  bundled ??= readObjects();
  return bundled;
}

async function readObjects(): Promise<ObjectCatalogue> {
  const path = fileURLToPath(FILE);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new SolveError('INDEX_MISSING', `${path}: the object catalogue cannot be read`, { cause });
  }
  return new ObjectCatalogue(bytes, path);
}

/**
 * What is in the field of a solved image: Messier, NGC, IC and some other deep-sky objects, stars with a name, a Bayer
 * letter or a Flamsteed number; brightest first. Those whose centre lies outside are there too if their outline reaches in.
 *
 * A function, not a method: a `Solution` is plain data that goes through threads and JSON.
 *
 * @param image a `Solution`, or any WCS and image size
 * @throws {SolveError} `INDEX_MISSING`, `INDEX_CORRUPT` if the package is damaged
 */
export async function objectsIn(image: SolvedImage, filter: ObjectFilter = {}): Promise<FieldObject[]> {
  return fieldObjects(await openObjects(), image, filter);
}
