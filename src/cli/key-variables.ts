/** Variables that name a key, or a file with one, in the order in which they are asked. */
export const KEY_VARIABLES = ['ASTROMETRY_API_KEY', 'AN_API_KEY', 'ASTROMETRY_API_KEY_FILE'] as const;
