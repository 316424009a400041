/**
 * Errors of whoever typed the command or set it up, not of what it ran: exit code 2 (S32). All others are 1: what is looked for and not there, what
 * cannot be reached, and whatever goes wrong in a run.
 */
export const WRONG_USE: ReadonlySet<string> = new Set([
  // The command line.
  'USAGE',
  'TASK_UNKNOWN',
  'FORCE_UNKNOWN',
  'RUN_OPTION_INVALID',
  'DRAWING_FORMAT_UNKNOWN',
  'RUN_ID_INVALID',
  'PATH_INVALID',
  'RUN_QUERY_INVALID',
  'DURATION_INVALID',
  'PRUNE_RULE_INVALID',
  'PRUNE_RULE_MISSING',
  'TAG_INVALID',
  'NOTE_INVALID',
  // The flow file.
  'FLOW_FILE_NOT_FOUND',
  'FLOW_FILE_UNSUPPORTED',
  'FLOW_FILE_SYNTAX',
  'FLOW_FILE_IMPORT',
  'FLOW_FILE_BUNDLE',
  'DECORATORS_NOT_LOWERED',
  'NO_FLOW',
  'FLOW_AMBIGUOUS',
  'SCHEDULE_UNKNOWN',
  'BACKFILL_INVALID',
  'TEST_INPUT_MISSING',
  'FLOW_UNKNOWN',
  // Parameters, from wherever they come.
  'PARAMETER_INVALID',
  'PARAM_SYNTAX',
  'PARAM_FILE_UNREADABLE',
  'PARAM_FILE_INVALID',
  'PARAM_NOT_RECORDED',
  // The environment and the project's settings.
  'SECRET_MISSING',
  'SECRETS_FILE_MISSING',
  'SECRETS_FILE_OPEN',
  'SECRETS_FILE_UNREADABLE',
  'SECRETS_FILE_INVALID',
  'RECORD_ADDRESS_INVALID',
  'RECORD_LIBRARY_MISSING',
  'RETENTION_INVALID',
  'SERVER_EXPOSED',
  'SERVER_TOKEN_INVALID',
]);
