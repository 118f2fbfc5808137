// What Panel puts into the page for each viewer: finds the engine, says so meanwhile, hands over.
import { forget, locateEngine } from "./locate";
import type { PanelModel } from "./model";
import { Notices } from "./notice";

interface RenderArguments {
  model: PanelModel;
}

function render({ model }: RenderArguments): HTMLElement {
  const element = document.createElement("div");
  element.style.cssText = "position:relative;width:100%;height:100%;min-height:120px;background:#111;overflow:hidden;";
  const notices = new Notices(element);
  let detach: (() => void) | undefined;
  let removed = false;

  const start = async () => {
    notices.problems([]);
    notices.busy("Loading the viewer…");
    try {
      const engine = await locateEngine(model, (text) => notices.busy(text));
      if (removed) return;
      ({ detach } = engine.attach(model, element));
      notices.idle();
    } catch (error) {
      const problem = {
        kind: "engine" as const,
        layer: null,
        message: `The viewer could not be loaded: ${(error as Error).message}`,
        fix: "Check that the page's own files can be reached, then try again.",
      };
      notices.idle();
      notices.problems([problem], { label: "Try again", run: () => void start() });
      model.errors = [problem];
      console.error(error);
    }
  };
  model.on("remove", () => {
    removed = true;
    detach?.();
    forget(model);
  });
  void start();
  return element;
}

export default { render };
