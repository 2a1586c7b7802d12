/** Files that can be written for an image, by the option that asks for them, and what their names end in unless told. */
export const PRODUCT_ENDINGS = {
  wcs: '.wcs',
  'new-fits': '.new',
  annotate: '.annotated.png',
  sources: '.axy',
  corr: '.corr',
  rdls: '.rdls',
  stars: '.stars.csv',
  ini: '.ini',
} as const;

/** The option that asks for a file. */
export type ProductName = keyof typeof PRODUCT_ENDINGS;

/** All of them, in the order of the help. */
export const PRODUCT_NAMES: readonly ProductName[] = Object.keys(PRODUCT_ENDINGS) as ProductName[];

/** Where each file of an image goes. */
export type ProductFiles = ReadonlyMap<ProductName, string>;
