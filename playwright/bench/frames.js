/**
 * Calls `look(gl)` after each animation frame of the page's last WebGL context, while its drawing can still be read, until it
 * returns true.
 */
function afterFrames(look) {
  const { getContext } = HTMLCanvasElement.prototype;
  let gl;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    const context = getContext.call(this, kind, ...rest);
    if (kind === "webgl2" && context) gl = context;
    return context;
  };
  const later = window.requestAnimationFrame.bind(window);
  let over = false;
  window.requestAnimationFrame = (callback) =>
    later((now) => {
      callback(now);
      if (over || !gl) return;
      const bound = gl.getParameter(gl.READ_FRAMEBUFFER_BINDING);
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null);
      over = look(gl);
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, bound);
    });
}

