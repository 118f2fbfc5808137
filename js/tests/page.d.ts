// Types of the scripts of converted pages, which are not TypeScript: their browsers read them as they are.
declare module "*/site/page/drawn.js" {
  export function rename<T>(value: T, id: (old: string) => string): T;

  export function heirs(drawn: object, python: object): [string, string][];

  export class Pairing {
    readonly pairs: Map<string, string>;
    readonly whole: boolean;
    constructor(drawn: object, python: object);
    changes(keep: (id: string, attr: string) => boolean): { events: object[]; resets: [string, string][] };
  }
}
