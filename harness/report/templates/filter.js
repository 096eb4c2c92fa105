// Filter: what the reader wants to see of tables, of the overview and of charts.
//
// - [data-words] is a scope (a section, a panel): the words are what the reader may type for all
//   that is in it. A scope in which nothing is left is hidden.
// - tr[data-case] is a case, of the variant data-variant. It is shown if its variant is ticked, and
//   if each word typed is in its variant or in the words of a scope around it, a number as a whole.
// - Any other [data-variant] (a mark of a chart, a row of another table) is shown if its scope has
//   a case of that variant shown; outside of all scopes, if the page has.
// - [data-of=ID] follows the scope of the element with that id, wherever it stands itself.
// - The columns of a table are variants where its header cells have data-variant.
//
// HTML elements that are not shown are hidden; marks of charts, and cells of a column that is
// still needed, get the class "off". The filter is kept in the address, after a "?": #method?text=…

const field = document.querySelector("#filter");
const count = document.querySelector("#count");
const ticked = document.querySelector("#ticked");
const ticks = [...document.querySelectorAll(".filter input[type=checkbox]")];
const PAUSE = 90; // milliseconds after a key, so that quick typing is filtered once
const FEW = 4; // panels that are opened when no more than these are left

class Scope {
  constructor(element, parent) {
    this.element = element;
    this.parent = parent;
    this.words = `${parent?.words ?? ""} ${element.dataset.words ?? ""}`.toLowerCase();
    this.cases = [];
    this.marks = [];
    this.followers = [];
    this.hasCases = false;
    this.shown = new Set();
    this.drawn = null;
  }
}

// Reads the page, once, when it is first filtered.
function readPage() {
  const root = new Scope(document.body, null);
  const scopes = new Map([[document.body, root]]);
  const around = (element) => scopes.get(element?.closest("[data-words]")) ?? root;
  for (const element of document.querySelectorAll("[data-words]")) {
    scopes.set(element, new Scope(element, around(element.parentElement)));
  }
  const scopeOf = (element) => {
    const followed = element.closest("[data-of]");
    return around(followed ? document.getElementById(followed.dataset.of) : element);
  };
  for (const element of document.querySelectorAll("[data-of]")) {
    scopeOf(element).followers.push(element);
  }
  const columns = [];
  for (const element of document.querySelectorAll("[data-variant]")) {
    const { variant } = element.dataset;
    const scope = scopeOf(element);
    if ("case" in element.dataset) {
      scope.cases.push({ element, variant, words: `${scope.words} ${variant.toLowerCase()}` });
      for (let holder = scope; holder && !holder.hasCases; holder = holder.parent) {
        holder.hasCases = true;
      }
    } else if (element.closest("thead")) {
      const rows = [...element.closest("table").querySelectorAll("tbody tr:not(.fixed)")];
      const cells = rows.map((row) => ({ cell: row.cells[element.cellIndex], scope: scopeOf(row) }));
      columns.push({ header: element, variant, cells });
    } else {
      scope.marks.push({ element, variant });
    }
  }
  return { root, scopes: [...scopes.values()], columns };
}

let page = null;
const openedHere = new Set();

function wanted() {
  return {
    typed: field.value.toLowerCase().split(/\s+/).filter(Boolean),
    off: new Set(ticks.filter((tick) => !tick.checked).map((tick) => tick.value)),
  };
}

// A number is looked for as a whole: 0.9 is not 0.99.
function test(word) {
  if (/^\d[\d.]*$/.test(word)) {
    const whole = new RegExp(String.raw`(?<![\d.])${word.replaceAll(".", String.raw`\.`)}(?!\d|\.\d)`);
    return (words) => whole.test(words);
  }
  return (words) => words.includes(word);
}

function toggle(element, shown) {
  if (element instanceof SVGElement) {
    element.classList.toggle("off", !shown);
  } else {
    element.hidden = !shown;
  }
}

// Sets what each scope shows, and returns how many cases that are of how many.
function decide({ typed, off }) {
  const tally = { shown: 0, all: 0 };
  const tests = typed.map(test);
  const all = (words) => tests.every((matches) => matches(words));
  for (const scope of page.scopes) {
    scope.shown = new Set();
    scope.hidden = scope.hasCases || !all(scope.words);
  }
  for (const scope of page.scopes) {
    for (const each of scope.cases) {
      each.shown = !off.has(each.variant) && all(each.words);
      tally.all += 1;
      tally.shown += Number(each.shown);
      for (let holder = each.shown ? scope : null; holder; holder = holder.parent) {
        holder.shown.add(each.variant);
        holder.hidden = false;
      }
    }
    if (!scope.hasCases && !scope.hidden) {
      for (const tick of ticks.filter((each) => each.checked)) {
        scope.shown.add(tick.value);
      }
      for (let holder = scope.parent; holder; holder = holder.parent) {
        holder.hidden = false;
      }
    }
  }
  return tally;
}

function draw() {
  for (const scope of page.scopes) {
    const state = `${scope.hidden} ${[...scope.shown].join("\n")}`;
    if (state === scope.drawn) {
      continue;
    }
    scope.drawn = state;
    if (scope !== page.root) {
      scope.element.hidden = scope.hidden;
    }
    for (const element of scope.followers) {
      element.hidden = scope.hidden;
    }
    for (const each of scope.cases) {
      each.element.hidden = !each.shown;
      const next = each.element.nextElementSibling;
      if (next?.classList.contains("more")) {
        next.hidden = !each.shown;
      }
    }
    for (const { element, variant } of scope.marks) {
      toggle(element, scope.shown.has(variant));
    }
  }
  for (const { header, variant, cells } of page.columns) {
    const needed = page.root.shown.has(variant);
    header.hidden = !needed;
    for (const { cell, scope } of cells) {
      cell.hidden = !needed;
      cell.classList.toggle("off", !scope.shown.has(variant));
    }
  }
}

// What is found in closed panels is shown, where it is little; what was opened so is closed again.
function openFew(typed) {
  const left = page.scopes.filter((scope) => scope.element.tagName === "DETAILS" && !scope.hidden);
  const found = typed.length > 0 && left.length <= FEW ? left.map((scope) => scope.element) : [];
  for (const panel of openedHere) {
    if (!found.includes(panel)) {
      panel.open = false;
      openedHere.delete(panel);
    }
  }
  for (const panel of found.filter((each) => !each.open)) {
    panel.open = true;
    openedHere.add(panel);
  }
}

function query({ off }) {
  const parts = new URLSearchParams();
  if (field.value.trim() !== "") {
    parts.set("text", field.value.trim());
  }
  for (const variant of off) {
    parts.append("without", variant);
  }
  return parts.toString();
}

function keepInAddress(filter) {
  const anchor = location.hash.replace(/\?.*/, "").slice(1);
  const kept = query(filter);
  const hash = kept ? `#${anchor}?${kept}` : `#${anchor}`;
  if (hash !== (location.hash || "#")) {
    try {
      history.replaceState(history.state, "", hash);
    } catch {
      // Safari refuses the 101st time within half a minute: the next change will be kept.
    }
  }
}

function apply() {
  page ??= readPage();
  const filter = wanted();
  const { shown, all } = decide(filter);
  draw();
  openFew(filter.typed);
  const cases = all === 1 ? "case" : "cases";
  ticked.textContent = filter.off.size > 0 ? `${ticks.length - filter.off.size} of ${ticks.length}` : "";
  count.textContent = shown === all ? `${all} ${cases}` : `${shown} of ${all} ${cases}`;
  keepInAddress(filter);
}

let pending = 0;
function soon() {
  clearTimeout(pending);
  pending = setTimeout(apply, PAUSE);
}

function isFiltered() {
  return field.value !== "" || ticks.some((tick) => !tick.checked);
}

function clear() {
  field.value = "";
  for (const tick of ticks) {
    tick.checked = true;
  }
  apply();
}

// Takes the filter from the address, if that has one.
function takeFromAddress() {
  const [, kept] = /\?(.*)/.exec(location.hash) ?? [];
  if (kept === undefined) {
    return false;
  }
  const parts = new URLSearchParams(kept);
  const without = new Set(parts.getAll("without"));
  field.value = parts.get("text") ?? "";
  for (const tick of ticks) {
    tick.checked = !without.has(tick.value);
  }
  apply();
  return true;
}

// A link within the page keeps the filter, unless what it leads to is filtered away.
function follow() {
  if (takeFromAddress() || !isFiltered()) {
    return;
  }
  const target = document.getElementById(location.hash.slice(1));
  if (target?.closest("[hidden]")) {
    clear();
    target.scrollIntoView();
  } else {
    keepInAddress(wanted());
  }
}

function isTyping(target) {
  return target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
}

field.addEventListener("input", soon);
for (const tick of ticks) {
  tick.addEventListener("change", apply);
}
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-variants]");
  if (button) {
    const choice = button.dataset.variants;
    const beside = button.parentElement.querySelector("input");
    for (const tick of ticks) {
      tick.checked = choice === "all" || (choice === "only" && tick === beside);
    }
    apply();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (event.key === "/" && !isTyping(event.target)) {
    event.preventDefault();
    field.focus();
    field.select();
  } else if (event.key === "Escape" && isFiltered() && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    clear();
  }
});
addEventListener("hashchange", follow);
if (!takeFromAddress()) {
  const all = document.querySelectorAll("tr[data-case]").length;
  count.textContent = `${all} ${all === 1 ? "case" : "cases"}`;
}
