/** The parts of ml-knn that the example uses; the package ships without types. */
declare module 'ml-knn' {
  interface SavedKnn {
    readonly name: 'KNN';
  }
  class KNN {
    constructor(rows: readonly (readonly number[])[], labels: readonly number[], options?: { readonly k?: number });
    predict(rows: readonly (readonly number[])[]): number[];
    toJSON(): SavedKnn;
    static load(saved: SavedKnn): KNN;
  }
  export default KNN;
  export type { SavedKnn };
}
