import { MillraceError, type MillraceErrorOptions } from '../../base/error.js';
import { formatPosition, type SourcePosition, sourceFrame } from './source-frame.js';

export type FlowFileErrorCode =
  | 'FLOW_FILE_NOT_FOUND'
  | 'FLOW_FILE_UNSUPPORTED'
  | 'FLOW_FILE_SYNTAX'
  | 'FLOW_FILE_IMPORT'
  | 'FLOW_FILE_BUNDLE'
  | 'DECORATORS_NOT_LOWERED'
  | 'FLOW_FILE_THREW'
  | 'NO_FLOW'
  | 'FLOW_AMBIGUOUS'
  | 'FLOW_UNKNOWN';

export interface FlowFileErrorOptions extends MillraceErrorOptions {
  readonly at?: SourcePosition | undefined;
}

/**
 * A flow file that cannot be used, and why. Thrown with the codes of `FlowFileErrorCode`; where a place in the source is to blame, `at`
 * says which and `frame` shows it.
 */
export class FlowFileError extends MillraceError {
  readonly at: SourcePosition | undefined;
  /** The source around `at`, with a caret. */
  readonly frame: string | undefined;

  constructor(code: FlowFileErrorCode, message: string, options: FlowFileErrorOptions = {}) {
    super(code, options.at ? `${formatPosition(options.at)}: ${message}` : message, options);
    this.at = options.at;
    this.frame = options.at && sourceFrame(options.at);
  }
}
