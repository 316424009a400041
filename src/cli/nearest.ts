export { nearest, nearestFew } from '../base/nearest.js';
