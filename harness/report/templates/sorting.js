// Sorting: a table[data-sortable] is sorted by the column whose header is pressed.
//
// Once for up, again for down, and again for the page's own order. Rows are sorted within their
// tbody; tr.fixed stays at its top, tr.more stays below the row that it adds to. A cell counts as
// its data-value, else as the number that its text starts with, else as its text; th[data-sort=text]
// has the whole column count as text. Cells without a figure come last, up and down.

const NUMBER = /^[<>≈]?\s*[-−+]?(\d[\d,]*\.?\d*|\.\d+)(e[-+]?\d+)?/i;
const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
const words = new Intl.Collator("en", { numeric: true });
const original = new WeakMap(); // tbody -> its blocks, as the page gave them

function number(text) {
  const found = text.match(NUMBER);
  if (found === null) {
    return Number.NaN;
  }
  const value = Number(found[0].replace(/[<>≈\s,+]/g, "").replace("−", "-"));
  return text.startsWith("<") ? value / 2 : value;
}

function content(row, column) {
  const cell = row.cells[column];
  if (cell === undefined || cell.colSpan > 1) {
    return "";
  }
  return (cell.dataset.value ?? cell.textContent).trim();
}

// A block is a row with the rows that add to it.
function blocksOf(body) {
  if (!original.has(body)) {
    const blocks = [];
    for (const row of body.rows) {
      if (row.classList.contains("more") && blocks.length > 0) {
        blocks.at(-1).push(row);
      } else {
        blocks.push([row]);
      }
    }
    original.set(body, blocks);
  }
  return original.get(body);
}

function sorted(blocks, column, asText, direction) {
  const keyed = blocks.map((block) => ({ block, text: content(block[0], column) }));
  for (const entry of keyed) {
    entry.number = asText ? Number.NaN : number(entry.text);
  }
  const numeric = keyed.some((entry) => !Number.isNaN(entry.number));
  const lacks = (entry) => (numeric ? Number.isNaN(entry.number) : entry.text === "");
  const sign = direction === "descending" ? -1 : 1;
  keyed.sort((one, other) => {
    if (lacks(one) || lacks(other)) {
      return lacks(one) - lacks(other);
    }
    const order = numeric ? one.number - other.number : words.compare(one.text, other.text);
    return sign * order;
  });
  return keyed.map((entry) => entry.block);
}

function sort(header) {
  const table = header.closest("table");
  const direction = NEXT[header.getAttribute("aria-sort") ?? "none"];
  for (const other of table.querySelectorAll("th[aria-sort]")) {
    other.removeAttribute("aria-sort");
  }
  if (direction !== "none") {
    header.setAttribute("aria-sort", direction);
  }
  const asText = header.dataset.sort === "text";
  for (const body of table.tBodies) {
    const blocks = blocksOf(body);
    const fixed = blocks.filter(([row]) => row.classList.contains("fixed"));
    const moving = blocks.filter(([row]) => !row.classList.contains("fixed"));
    const ordered =
      direction === "none" ? blocks : [...fixed, ...sorted(moving, header.cellIndex, asText, direction)];
    body.append(...ordered.flat());
  }
}

// Headers become buttons when their table is first in sight: a page may have a thousand tables.
function prepare(table) {
  for (const header of table.tHead?.rows[0]?.cells ?? []) {
    if (header.tagName === "TH" && header.querySelector("button") === null) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...header.childNodes);
      header.append(button);
    }
  }
}

document.addEventListener("click", (event) => {
  const header = event.target.closest?.("table[data-sortable] button.sort")?.closest("th");
  if (header) {
    sort(header);
  }
});
// The event of a panel that opens does not bubble.
document.addEventListener(
  "toggle",
  (event) => event.target.querySelectorAll("table[data-sortable]").forEach(prepare),
  true,
);
for (const table of document.querySelectorAll("table[data-sortable]")) {
  if (table.closest("details:not([open])") === null) {
    prepare(table);
  }
}
