// What Panel puts into the page for each viewer: finds the engine, says so meanwhile, hands over.
import { arrival } from "./arrival";
import { forget, locateEngine } from "./locate";
import type { PanelModel } from "./model";
import { Notices } from "./notice";
import { Revival } from "./revival";
import type { Attached } from "./session";

interface RenderArguments {
  model: PanelModel;
}

function render({ model }: RenderArguments): HTMLElement {
  const element = document.createElement("div");
  element.style.cssText = "position:relative;width:100%;height:100%;min-height:120px;background:#111;overflow:hidden;";
  const notices = new Notices(element);
  const inNotebook = !("seq" in model.command);
  const revival = inNotebook ? new Revival(model, element, notices) : undefined;
  let detach: (() => void) | undefined;
  let removed = false;
  let drawn = () => {};
  arrival()?.pictures.push(
    new Promise((resolve) => {
      drawn = resolve;
    }),
  );

  const show = ({ viewer, detach: end }: Attached) => {
    detach = end;
    const onReady = (ready: boolean) => {
      if (!ready) return;
      revival?.alive();
      void viewer.nextFrame().then(drawn);
    };
    viewer.on("ready", onReady);
    onReady(viewer.isReady);
    notices.idle();
  };
  const start = async () => {
    const say = (text: string) => notices.busy(text, { clear: revival?.pictured });
    notices.problems([]);
    say("Loading the viewer…");
    try {
      await revival?.answered();
      if (removed) return;
      const [engine, command] = await Promise.all([locateEngine(model, say), revival?.current()]);
      if (removed) return;
      show(engine.attach(model, element, command));
    } catch (error) {
      drawn();
      if (removed) return;
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
    drawn();
    revival?.end();
    detach?.();
    forget(model);
  });
  const early = arrival()?.early.get(model.data.id ?? "")?.(model, element);
  if (early === undefined) void start();
  else show(early);
  return element;
}

export default { render };
