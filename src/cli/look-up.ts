export { findRun, findTaskRun, parseRunPath } from '../runtime/past/look-up.js';
