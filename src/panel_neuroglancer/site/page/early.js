// What cannot wait for a module. In a file of its own, so that a Content-Security-Policy need not allow scripts inside pages.
{
  const { go } = document.currentScript.dataset;
  if (go) location.replace(go + location.search + location.hash);
  // No module loads from a file.
  else if (location.protocol === "file:") {
    document.getElementById("pn-boot").className = "pn-boot-error";
    document.querySelector("#pn-boot [data-text]").textContent =
      "This page needs a web server: run `panel-neuroglancer serve` on its folder and open the address it prints.";
  }
}
