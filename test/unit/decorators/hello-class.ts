import { Flow, Parameter, Task, tasksOf } from '../../../src/decorators/index.js';

/** Metaflow's hello world in class style; here, because decorators need this folder's tsconfig.json. */
@Flow()
export class HelloClass {
  @Parameter({ help: 'Whom to greet' }) name = 'World';

  @Task() start() {
    console.log('This is start step');
  }

  @Task({ retries: 2 }) hello(name: string) {
    return `Hello ${name}!`;
  }

  @Task() end(greeting: string) {
    console.log(greeting);
  }

  run() {
    const t = tasksOf<HelloClass>(this);
    return t.end(t.hello(this.name).after(t.start()));
  }
}
