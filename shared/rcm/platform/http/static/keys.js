// Keyboard: / goes to the search, j and k walk along the rows, Enter opens (it is a link).
"use strict";
(() => {
  const inText = (element) => /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      const part = document.querySelector("#part");
      if (part && part.childElementCount) {
        part.replaceChildren();
        document.querySelector("[data-opened]")?.focus();
      }
      return;
    }
    if (inText(event.target)) return;
    if (event.key === "/") {
      const search = document.querySelector("input[type=search]");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    } else if (event.key === "j" || event.key === "k") {
      const links = [...document.querySelectorAll("[data-row] a[data-open]")];
      const at = links.indexOf(document.activeElement);
      const next = event.key === "j" ? at + 1 : Math.max(at - 1, 0);
      if (links[next]) {
        event.preventDefault();
        links[next].focus();
        links[next].scrollIntoView({ block: "nearest" });
      }
    }
  });
  // What was opened beside the page is read next, and Escape leads back to where it was opened.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[hx-target='#part']");
    if (!link) return;
    document.querySelectorAll("[data-opened]").forEach((old) => delete old.dataset.opened);
    link.dataset.opened = "";
  });
  document.addEventListener("htmx:after:swap", () => {
    const heading = document.querySelector("#part h2");
    if (heading && !document.querySelector("#part:focus-within")) heading.focus();
  });
})();
