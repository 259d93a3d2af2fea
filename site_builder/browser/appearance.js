// Sets light or dark before the page is painted; a classic script, so that it also works when
// the page is opened from a folder.
(function () {
  "use strict";
  var root = document.documentElement;
  var kept = null;
  try {
    kept = localStorage.getItem("atlas-appearance");
  } catch (error) {
    kept = null; // storage is switched off: the system's choice stands
  }
  if (kept === "light" || kept === "dark") root.dataset.appearance = kept;
  root.classList.remove("no-js");
  root.classList.add("js");
  if (/[?&]id=/.test(location.search)) root.classList.add("has-id"); // one feature is asked for
  if (location.protocol === "file:") root.classList.add("opened-as-file");
})();
