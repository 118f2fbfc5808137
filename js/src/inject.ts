// What esbuild puts in the place of the names in seams.mjs.
export { page as __page } from "./page";
export * as __parts from "./parts";
export * as __sources from "./sources";
