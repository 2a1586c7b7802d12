import { SolveError } from '../errors.ts';
import { BLOCK_BYTES, CARD_BYTES } from '../fits/header.ts';
import type { Pace } from '../pace.ts';
import type { HealpixTile } from './healpix-tile.ts';
import { chooseQuads, chooseStars, type QuadScale, type StarList, STARS_PER_CELL } from './index-quads.ts';
import { type BuiltTree, buildKdTree } from './kd-tree-builder.ts';

/** What an index file shall be. */
export interface IndexPlan {
  readonly scale: QuadScale;
  /** The piece of the sky; absent: wherever there are stars. */
  readonly tile?: HealpixTile;
  /** `INDEXID`, by which other programs name it. */
  readonly id: number;
}

/** An index file, ready to be written. */
export interface BuiltIndex {
  readonly stars: number;
  readonly quads: number;
  /** The file in pieces. */
  readonly pieces: readonly Uint8Array[];
}

/** Codes lie in a circle around (1/2, 1/2) through (0, 0). */
const CODE_LOW = 0.5 - Math.SQRT1_2;
const CODE_SCALE = 65_535 / Math.SQRT2;
const STAR_SCALE = (2 ** 32 - 1) / 2;

type Value = string | number | boolean;
type CardText = readonly [keyword: string, value: Value, comment: string];

/**
 * Makes an index file as solve-field reads it, little-endian: quads of four stars, code and star trees of integers, and the
 * magnitudes of the stars.
 *
 * @returns undefined if there are not enough stars for a single quad
 * @throws {SolveError} `BAD_ARGUMENT` for stars without a direction or a magnitude
 */
export async function buildIndex(list: StarList, plan: IndexPlan, pace: Pace): Promise<BuiltIndex | undefined> {
  if (!list.vectors.every(Number.isFinite) || !list.magnitude.every(Number.isFinite)) {
    throw new SolveError('BAD_ARGUMENT', 'stars: a direction or magnitude is not finite');
  }
  const stars = chooseStars(list, plan.scale, plan.tile);
  const quads = await chooseQuads(stars, plan.scale, pace, plan.tile);
  if (quads.count === 0) return undefined;

  const places = Uint32Array.from(stars.vectors, (value) => Math.round((value + 1) * STAR_SCALE));
  const starTree = buildKdTree(places, 3);
  const codeNumbers = Uint16Array.from(quads.codes, (value) =>
    Math.min(65_535, Math.max(0, Math.round((value - CODE_LOW) * CODE_SCALE))),
  );
  const codeTree = buildKdTree(codeNumbers, 4);
  // Stars are numbered as they stand in their tree, quads as in theirs.
  const number = new Uint32Array(stars.count);
  starTree.original.forEach((star, place) => (number[star] = place));
  const table = new Uint32Array(4 * quads.count);
  codeTree.original.forEach((quad, place) => {
    for (let i = 0; i < 4; i++) table[4 * place + i] = number[quads.stars[4 * quad + i]!]!;
  });

  const where: CardText[] = [
    ['HEALPIX', plan.tile?.number ?? -1, 'Healpix of this index.'],
    ['HPNSIDE', plan.tile?.nside ?? 0, 'Nside of the healpixelization'],
    ['ALLSKY', plan.tile === undefined, 'All-sky catalog.'],
  ];
  const endian: CardText = ['ENDIAN', '04:03:02:01', 'u32 0x01020304 as it is stored'];
  const arcmin = Math.PI / 10_800;
  const magnitudes = new DataView(new ArrayBuffer(4 * stars.count));
  starTree.original.forEach((star, place) => magnitudes.setFloat32(4 * place, stars.magnitude[star]!));
  const pieces = [
    header([
      ['SIMPLE', true, 'Standard FITS file'],
      ['BITPIX', 8, ''],
      ['NAXIS', 0, ''],
      ['EXTEND', true, ''],
      endian,
      ['AN_FILE', 'QUAD', 'This file lists, for each quad, its stars.'],
      ['DIMQUADS', 4, 'Number of stars in a quad.'],
      ['NQUADS', quads.count, 'Number of quads.'],
      ['NSTARS', stars.count, 'Number of stars.'],
      ['SCALE_U', plan.scale.highArcmin * arcmin, 'Upper-bound index scale (radians).'],
      ['SCALE_L', plan.scale.lowArcmin * arcmin, 'Lower-bound index scale (radians).'],
      ['INDEXID', plan.id, 'Index unique ID.'],
      ...where,
    ]),
    ...tableUnit('quads', 16, littleEndian(table)),
    ...treeUnits(
      'codes',
      codeTree,
      4,
      [CODE_LOW, 1 - CODE_LOW, CODE_SCALE],
      [
        ['AN_FILE', 'CKDT', 'This file is a code kdtree.'],
        ...where,
        ['CXDX', true, 'All codes have the property cx<=dx.'],
        ['CXDXLT1', true, 'All codes have the property cx+dx<=1.'],
        ['CIRCLE', true, 'Stars C,D live in the circle defined by AB.'],
        endian,
      ],
    ),
    ...treeUnits(
      'stars',
      starTree,
      3,
      [-1, 1, STAR_SCALE],
      [
        ['AN_FILE', 'SKDT', 'This file is a star kdtree.'],
        ...where,
        ['CUTNSIDE', plan.scale.nside, 'uniformization scale (healpix nside)'],
        ['CUTMARG', 0, 'margin size, in healpixels'],
        ['CUTDEDUP', 0, 'deduplication radius [arcsec]'],
        ['CUTNSWEP', STARS_PER_CELL, 'number of sweeps'],
        endian,
      ],
    ),
    ...tableUnit(
      'sweep',
      1,
      Uint8Array.from(starTree.original, (star) => stars.rank[star]!),
      [],
      'B',
    ),
    ...tableUnit('MAG', 4, new Uint8Array(magnitudes.buffer), [['AN_FILE', 'TAGALONG', 'Extra data for stars']], 'E'),
  ];
  return { stars: stars.count, quads: quads.count, pieces };
}

/** The tables of a tree; `range` is what the integers 0 and their largest mean, and units per unit of the data. */
function treeUnits(
  name: string,
  tree: BuiltTree<Uint16Array | Uint32Array>,
  dimensions: number,
  range: readonly [low: number, high: number, scale: number],
  cards: readonly CardText[],
): Uint8Array[] {
  const bytes = tree.data.BYTES_PER_ELEMENT;
  const type = bytes === 2 ? 'u16' : 'u32';
  const [low, high, scale] = range;
  const each = (value: number): number[] => Array.from({ length: dimensions }, () => value);
  return [
    ...tableUnit(`kdtree_header_${name}`, 0, new Uint8Array(0), [
      ...cards,
      ['KDT_NAME', name, 'kdtree: name of this tree'],
      ['KDT_NDAT', tree.data.length / dimensions, 'kdtree: number of data points'],
      ['KDT_NDIM', dimensions, 'kdtree: number of dimensions'],
      ['KDT_NNOD', tree.nodes, 'kdtree: number of nodes'],
      ['KDT_VER', 1, 'kdtree: version number'],
      ['KDT_EXT', 'double', 'kdtree: external type'],
      ['KDT_INT', type, "kdtree: type of the tree's structures"],
      ['KDT_DATA', type, 'kdtree: type of the data'],
      ['KDT_LINL', false, 'kdtree: has_linear_lr'],
    ]),
    ...tableUnit(`kdtree_lr_${name}`, 4, littleEndian(tree.last)),
    ...tableUnit(`kdtree_split_${name}`, bytes, littleEndian(tree.planes)),
    ...tableUnit(`kdtree_range_${name}`, 8, littleEndian(Float64Array.of(...each(low), ...each(high), scale))),
    ...tableUnit(`kdtree_data_${name}`, bytes * dimensions, littleEndian(tree.data)),
  ];
}

/** A table of one column: header and data blocks. */
function tableUnit(
  name: string,
  rowBytes: number,
  data: Uint8Array,
  cards: readonly CardText[] = [],
  type: 'A' | 'B' | 'E' = 'A',
): Uint8Array[] {
  const units = [
    header([
      ['XTENSION', 'BINTABLE', 'FITS Binary Table Extension'],
      ['BITPIX', 8, '8-bits character format'],
      ['NAXIS', 2, 'Tables are 2-D char. array'],
      ['NAXIS1', rowBytes, 'Bytes in row'],
      ['NAXIS2', rowBytes === 0 ? 0 : data.length / rowBytes, 'No. of rows in table'],
      ['PCOUNT', 0, 'Parameter count always 0'],
      ['GCOUNT', 1, 'Group count always 1'],
      ['TFIELDS', 1, 'No. of col in table'],
      ['TFORM1', type === 'A' ? `${rowBytes}A` : `1${type}`, 'Format of field'],
      ['TTYPE1', name, 'Field label'],
      ...cards,
    ]),
    data,
  ];
  const rest = data.length % BLOCK_BYTES;
  return rest === 0 ? units : [...units, new Uint8Array(BLOCK_BYTES - rest)];
}

function header(cards: readonly CardText[]): Uint8Array {
  const length = Math.ceil(((cards.length + 1) * CARD_BYTES) / BLOCK_BYTES) * BLOCK_BYTES;
  const text = [...cards.map(cardOf), 'END'].map((card) => card.padEnd(CARD_BYTES)).join('');
  return new TextEncoder().encode(text.padEnd(length));
}

function cardOf([keyword, value, comment]: CardText): string {
  const shown =
    typeof value === 'string'
      ? `'${value.padEnd(8)}'`
      : (typeof value === 'boolean' ? (value ? 'T' : 'F') : String(value).toUpperCase()).padStart(20);
  const card = `${keyword.padEnd(8)}= ${shown}`;
  return comment === '' ? card : `${card} / ${comment}`.slice(0, CARD_BYTES);
}

const LITTLE_ENDIAN_HOST = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The bytes of an array, the low one of each number first. */
function littleEndian(numbers: Uint16Array | Uint32Array | Float64Array): Uint8Array {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  if (LITTLE_ENDIAN_HOST) return bytes;
  const width = numbers.BYTES_PER_ELEMENT;
  const swapped = bytes.slice();
  for (let at = 0; at < swapped.length; at += width) swapped.subarray(at, at + width).reverse();
  return swapped;
}
