/**
 * Millrace: data flows of plain async functions. `task(fn)` makes calls lazy, `flow(name, body)` captures them as a graph, `flow.run()`
 * runs it and keeps everything.
 */
import { installRuntime } from './flow/flow-runtime.js';
import { fullRuntime } from './serving/full-runtime.js';

installRuntime(fullRuntime);

export type { Duration } from './base/duration.js';
export { MillraceError } from './base/error.js';
export { cache } from './cache/policy.js';
export { all } from './flow/all.js';
export type { BackfillOptions } from './flow/backfill-options.js';
export { check } from './flow/check.js';
export { ctx } from './flow/context.js';
export { match, merge, sequence, when } from './flow/control.js';
export { type ExternalTaskOptions, externalTask } from './flow/external-task.js';
export { flow } from './flow/flow.js';
export { flowRef } from './flow/flow-ref.js';
export type { BackfillRuns, FlowHooks, InvalidateOptions, Run, RunHandle, RunOptions, ServeOptions, VisualizeOptions } from './flow/flow-runtime.js';
export type { Flow, FlowOptions, ResumeOptions } from './flow/flow-type.js';
export type { Arg, Args, BodyResult, Future, OutputsFuture, Resolved, Upstream } from './flow/future.js';
export { grid } from './flow/grid.js';
export { type IncludeOptions, includeFile } from './flow/include-file.js';
export type { MapArg, MapArgs, MapOptions, MappedFuture } from './flow/mapped-future.js';
export { type Param, ParameterError, type ParameterIssue, type ParamSpec, type ParamsIn, type ParamsOf, param } from './flow/parameters.js';
export type { ArtifactInfo, Listing, LogQuery, MetricInfo, NoteInfo, ReportOptions, RunInfo, RunQuery, StepInfo, TaskInfo } from './flow/past.js';
export { FlowClosedError } from './flow/register.js';
export { type Resource, type ResourceOptions, resource } from './flow/resource.js';
export { sensor } from './flow/sensor.js';
export { type SensorForOptions, type SqlSensorOptions, sensorFor, type UrlSensorOptions } from './flow/sensor-for.js';
export type { SensorOptions } from './flow/sensor-settings.js';
export { type ShellCommand, type ShellOptions, shell } from './flow/shell.js';
export { ShellError } from './flow/shell-error.js';
export { task } from './flow/task.js';
export type { ExternalOptions, Task, TaskOptions, TaskRef } from './flow/task-type.js';
export { type Unmapped, unmapped } from './flow/unmapped.js';
export type { Graph, ViewEdge as GraphEdge, ViewNode as PreviewNode } from './graph/graph-view.js';
export type { ArtifactKind, ArtifactRef } from './model/artifact.js';
export {
  type Asset,
  type AssetRenewal,
  asset,
  type FlowEnd,
  type FlowEvent,
  type FlowRunEnd,
  type FlowTrigger,
  type RunTrigger,
} from './model/asset.js';
export type { CacheContext, CachePolicy } from './model/cache-policy.js';
export { type Check, CheckFailedError, type CheckResult } from './model/check.js';
export { type ConcurrencyLimit, type LimitOptions, limit } from './model/concurrency-limit.js';
export type { ArtifactData, ErrorInfo, LogLevel, LogLine, MetricData, RunEvent } from './model/event.js';
export type { FileRef } from './model/file-ref.js';
export type { FinalState } from './model/final-state.js';
export type { Logger } from './model/logger.js';
export type {
  Delivery,
  Notification,
  NotificationEvent,
  NotificationOccasion,
  NotifiedError,
  NotifiedTask,
  ServiceNews,
  ServiceNotification,
  ServiceOccasion,
} from './model/notification.js';
export type { Reason } from './model/reason.js';
export type { ResultStore } from './model/result-store.js';
export type { RetryPolicy } from './model/retry-policy.js';
export type { MissedPolicy, OverlapPolicy, Schedule } from './model/schedule.js';
export { type Secret, secret } from './model/secret.js';
export type { Serializer } from './model/serializer.js';
export type { RunState, TaskState } from './model/states.js';
export type { Target } from './model/target.js';
export type { ArtifactOptions, TaskContext } from './model/task-context.js';
export { Fail, FlowRunError, Skip, TaskError, TimedOutError } from './model/task-error.js';
export type { TaskHooks } from './model/task-hooks.js';
export type { TriggerRule } from './model/trigger-rule.js';
export { type EmailOptions, email } from './notify/email.js';
export type { SmtpServer } from './notify/mail-server.js';
export type { NotificationOptions } from './notify/notification-options.js';
export { shellNotification } from './notify/shell-notification.js';
export { type WebhookOptions, webhook } from './notify/webhook.js';
export { file } from './reads/file-reference.js';
export { image, markdown, plot, type TypedArtifact, table } from './results/artifacts/typed-artifact.js';
export { registerClass } from './results/class-registry.js';
export { arrow } from './results/formats/arrow.js';
export { bytes } from './results/formats/bytes.js';
export { type CsvOptions, csv } from './results/formats/csv.js';
export { parquet } from './results/formats/parquet.js';
export { ResultStream } from './results/formats/result-stream.js';
export { text } from './results/formats/text.js';
export { v8 } from './results/formats/v8.js';
export { json } from './results/json.js';
export { load } from './results/load.js';
export { type LocalStoreOptions, localStore } from './results/local-store.js';
export { type MemoryStoreOptions, memoryStore } from './results/memory-store.js';
export { type S3StoreOptions, s3Store } from './results/s3-store.js';
export { type SqlTableOptions, sqlTable } from './results/sql/sql-table.js';
export { report } from './runtime/report.js';
export { at } from './schedule/at.js';
export {
  type BusinessDayOptions,
  businessDays,
  businessDaysOfMonth,
  type Calendar,
  dates,
  daysOfMonth,
  type Weekday,
  weekdays,
} from './schedule/calendar.js';
export { type CronOptions, cron } from './schedule/cron.js';
export { type EveryOptions, every } from './schedule/every.js';
export { type Exclusion, except } from './schedule/except.js';
export { type OnDaysOptions, onDays } from './schedule/on-days.js';
export { union } from './schedule/union.js';
