/** The parts of ml-knn that the example uses; the package ships without types. */
declare module 'ml-knn' {
  export default class KNN {
    constructor(rows: readonly (readonly number[])[], labels: readonly number[], options?: { readonly k?: number });
    predict(rows: readonly (readonly number[])[]): number[];
    toJSON(): unknown;
    static load(saved: unknown): KNN;
  }
}
