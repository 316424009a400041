import { MillraceError } from '../../base/error.js';

/** Loads a driver that is no dependency of this package. @throws MillraceError `SQL_LIBRARY_MISSING` */
export async function loadDriver<M>(name: string): Promise<M> {
  try {
    // A name the bundler does not see: the package must stay where the user put it.
    return (await import(/* @vite-ignore */ name)) as M;
  } catch (error) {
    throw new MillraceError('SQL_LIBRARY_MISSING', `the package '${name}' is needed for this database, and could not be loaded`, {
      cause: error,
      hint: `Install it: npm install ${name}`,
    });
  }
}
