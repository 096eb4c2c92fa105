// Panels: opened by a link into them, all at once, and for paper. A details.menu closes when used.

const menus = [...document.querySelectorAll("details.menu")];
const bar = document.querySelector(".bar");
const openedForPaper = [];

// Browsers do this for #anchor alone, and not all of them; the filter's state may stand behind it.
function reveal() {
  const [anchor, filter] = location.hash.slice(1).split("?");
  const target = anchor ? document.getElementById(anchor) : null;
  for (const marked of document.querySelectorAll(".target")) {
    marked.classList.remove("target");
  }
  if (target === null) {
    return;
  }
  target.classList.add("target");
  let closed = false;
  for (let panel = target.closest("details"); panel; panel = panel.parentElement.closest("details")) {
    closed ||= !panel.open;
    panel.open = true;
  }
  if (closed || filter !== undefined) {
    target.scrollIntoView();
  }
}

// What the bar covers is not where a link leads to.
function measureBar() {
  document.documentElement.style.setProperty("--bar", `${bar.offsetHeight}px`);
}


document.addEventListener("click", (event) => {
  const choice = event.target.closest?.("button[data-panels]")?.dataset.panels;
  if (choice) {
    for (const panel of document.querySelectorAll("main details:not(.evidence)")) {
      panel.open = choice === "open";
    }
  }
  for (const menu of menus) {
    if (!menu.contains(event.target) || event.target.closest?.("a")) {
      menu.open = false;
    }
  }
});
for (const menu of menus) {
  menu.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget !== null && !menu.contains(relatedTarget)) {
      menu.open = false;
    }
  });
}
// Before anyone else hears of the key: it closes one thing at a time.
document.addEventListener(
  "keydown",
  (event) => {
    const opened = menus.find((menu) => menu.open);
    if (event.key === "Escape" && opened) {
      event.preventDefault();
      opened.open = false;
      opened.querySelector("summary").focus();
    }
  },
  true,
);
addEventListener("beforeprint", () => {
  for (const panel of document.querySelectorAll("main details:not([open], .evidence)")) {
    panel.open = true;
    openedForPaper.push(panel);
  }
});
addEventListener("afterprint", () => {
  for (const panel of openedForPaper.splice(0)) {
    panel.open = false;
  }
});
addEventListener("hashchange", reveal);
addEventListener("resize", measureBar);
measureBar();
reveal();
