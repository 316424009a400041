/** The entry `millrace/s3`: the store over S3 alone, for programs that share results and run no flows. */
export type { ResultStore } from './model/result-store.js';
export { type S3StoreOptions, s3Store } from './results/s3-store.js';
