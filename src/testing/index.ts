/** Contract suites for those who write a store, a serializer, a record or a notification of their own: lists of cases for any test runner. */
export type { ContractCase, SkippedCases } from './contract-case.js';
export { type NotificationPlace, notificationContract } from './notification-contract.js';
export { resultStoreContract } from './result-store-contract.js';
export { runRecordContract } from './run-record-contract.js';
export { serializerContract } from './serializer-contract.js';
