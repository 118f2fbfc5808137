export interface Edit {
  file: string | RegExp;
  from: string | RegExp;
  to: string;
  times: number;
}
export const DEFINES: { from: string; to: string; files: number }[];
export const ALIASES: { module: string; by: string }[];
export const EDITS: Edit[];
export const STYLE_EDITS: Edit[];
export class SeamCheck {
  edit(edits: Edit[], file: string, text: string): string;
  observe(text: string): void;
  alias(seam: { module: string }): void;
  failures(): string[];
}
