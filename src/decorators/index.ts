/**
 * The class style: `@Flow`, `@Task` and `@Parameter` over what `flow()`, `task()` and `param()` do. The only part of the package that loads
 * reflect-metadata.
 */
import { installRuntime } from '../flow/flow-runtime.js';
import { fullRuntime } from '../serving/full-runtime.js';

// A file may import nothing else of the package.
installRuntime(fullRuntime);

export type { ClassDecorator2, ClassParams, FieldDecorator2, MethodDecorator2, TaskMethods } from './decorator-types.js';
export { Flow } from './flow-decorator.js';
export { type ClassFlowOptions, flowOf } from './flow-of.js';
export { Parameter, type ParameterOptions } from './parameter-decorator.js';
export { type MethodTaskOptions, Task } from './task-decorator.js';
export { tasksOf } from './tasks-of.js';
