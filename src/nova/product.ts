/** What a file of the server must look like. `any`: the picture as it was uploaded, whatever that was. */
export type ProductFormat = 'fits' | 'jpeg' | 'png' | 'zip' | 'any';

/** One kind of file that the server serves. */
export interface ProductKind {
  /** First part of its path. */
  readonly path: string;
  /** What the number in its path counts. */
  readonly of: 'job' | 'calibration' | 'image';
  /** What its first bytes must be. */
  readonly format: ProductFormat;
  /** Ending of a file name for it: `job 19` becomes `19.wcs`. */
  readonly ending: string;
  /** There already for a job that was not solved. */
  readonly unsolved?: boolean;
}

/** Name of a file about a job. */
export type JobProduct =
  | 'wcs'
  | 'new-fits'
  | 'rdls'
  | 'axy'
  | 'corr'
  | 'image-rdls'
  | 'annotated'
  | 'annotated-full'
  | 'grid'
  | 'grid-full'
  | 'red-green'
  | 'red-green-full'
  | 'extraction'
  | 'extraction-full'
  | 'kmz';

/** Name of a file that the server serves. */
export type ProductName =
  | JobProduct
  | 'sky-plot-0'
  | 'sky-plot-1'
  | 'sky-plot-2'
  | 'sky-plot-3'
  | 'image'
  | 'thumbnail'
  | 'wwt-image';

/**
 * Every file that the server serves about a job, its calibration or its image. (The paths of sdss, galex, unwise and
 * legacysurvey pictures lead to another site and are no files of this server.)
 */
export const PRODUCTS: Readonly<Record<ProductName, ProductKind>> = {
  /** The WCS, a FITS header alone. */
  wcs: { path: 'wcs_file', of: 'job', format: 'fits', ending: '.wcs' },
  /** The image with the WCS in its header: of a JPEG a cube, of a FITS file its first HDU, of a source list its table. */
  'new-fits': { path: 'new_fits_file', of: 'job', format: 'fits', ending: '.new.fits' },
  /** Catalogue stars in the field. */
  rdls: { path: 'rdls_file', of: 'job', format: 'fits', ending: '.rdls' },
  /** The sources that were found. */
  axy: { path: 'axy_file', of: 'job', format: 'fits', ending: '.axy', unsolved: true },
  /** Sources and the stars they are. */
  corr: { path: 'corr_file', of: 'job', format: 'fits', ending: '.corr' },
  /** The sources with their sky positions. */
  'image-rdls': { path: 'image_rd_file', of: 'job', format: 'fits', ending: '.image.rdls' },
  annotated: { path: 'annotated_display', of: 'job', format: 'jpeg', ending: '.annotated.jpg' },
  'annotated-full': { path: 'annotated_full', of: 'job', format: 'jpeg', ending: '.annotated-full.jpg' },
  grid: { path: 'grid_display', of: 'job', format: 'jpeg', ending: '.grid.jpg' },
  'grid-full': { path: 'grid_full', of: 'job', format: 'jpeg', ending: '.grid-full.jpg' },
  /** Sources in red, catalogue stars in green. */
  'red-green': { path: 'red_green_image_display', of: 'job', format: 'png', ending: '.red-green.png' },
  'red-green-full': { path: 'red_green_image_full', of: 'job', format: 'png', ending: '.red-green-full.png' },
  /** The sources that were found, drawn into the picture. */
  extraction: {
    path: 'extraction_image_display',
    of: 'job',
    format: 'png',
    ending: '.extraction.png',
    unsolved: true,
  },
  'extraction-full': {
    path: 'extraction_image_full',
    of: 'job',
    format: 'png',
    ending: '.extraction-full.png',
    unsolved: true,
  },
  /** For Google Sky. The public server has switched it off and says so, which is an error. */
  kmz: { path: 'kml_file', of: 'job', format: 'zip', ending: '.kmz' },
  /** Where the field lies in the sky, from the whole sky to close by. */
  'sky-plot-0': { path: 'sky_plot/zoom0', of: 'calibration', format: 'png', ending: '.sky-0.png' },
  'sky-plot-1': { path: 'sky_plot/zoom1', of: 'calibration', format: 'png', ending: '.sky-1.png' },
  'sky-plot-2': { path: 'sky_plot/zoom2', of: 'calibration', format: 'png', ending: '.sky-2.png' },
  'sky-plot-3': { path: 'sky_plot/zoom3', of: 'calibration', format: 'png', ending: '.sky-3.png' },
  /** The picture as it was uploaded. */
  image: { path: 'image', of: 'image', format: 'any', ending: '' },
  thumbnail: { path: 'thumbnail_of_image', of: 'image', format: 'any', ending: '.thumbnail.jpg' },
  /** The picture as it was uploaded, for the WorldWide Telescope. */
  'wwt-image': { path: 'wwt_image', of: 'image', format: 'any', ending: '' },
};

/** Bytes at the start of a file that are looked at. */
export const MAGIC_BYTES = 8;

/** Bytes at its end that are looked at: the last chunk of a PNG file. */
export const TAIL_BYTES = 12;

const FITS_MAGIC = bytesOf('SIMPLE  ');
const PNG_MAGIC: readonly number[] = [0x89, ...bytesOf('PNG\r\n\u001a\n')];
const PNG_END: readonly number[] = [0, 0, 0, 0, ...bytesOf('IEND'), 0xae, 0x42, 0x60, 0x82];

/** FITS files come in blocks of this size (FITS standard 4.0, section 3.1). */
const FITS_BLOCK = 2880;

/** Does a file of this format begin with these bytes? There are {@link MAGIC_BYTES} of them, unless it is shorter. */
export function beginsLike(format: ProductFormat, head: Uint8Array): boolean {
  switch (format) {
    case 'fits':
      return starts(head, FITS_MAGIC);
    case 'jpeg':
      return starts(head, [0xff, 0xd8, 0xff]);
    case 'png':
      return starts(head, PNG_MAGIC);
    case 'zip':
      return starts(head, bytesOf('PK'));
    case 'any':
      return head.length > 0;
  }
}

/**
 * Can a whole file of this format have this length and end with these bytes? Some pictures come without a length, and a
 * connection that breaks then looks like their end.
 *
 * @param tail the last {@link TAIL_BYTES}, unless it is shorter
 */
export function endsLike(format: ProductFormat, length: number, tail: Uint8Array): boolean {
  switch (format) {
    case 'fits':
      return length % FITS_BLOCK === 0;
    case 'png':
      return starts(tail.subarray(-PNG_END.length), PNG_END);
    case 'jpeg':
      return starts(tail.subarray(-2), [0xff, 0xd9]);
    case 'zip':
    case 'any':
      return true;
  }
}

function starts(bytes: Uint8Array, expected: readonly number[]): boolean {
  return bytes.length >= expected.length && expected.every((byte, i) => bytes[i] === byte);
}

function bytesOf(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}
