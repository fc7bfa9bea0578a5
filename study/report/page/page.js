"use strict";
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  // ---- light and dark ----

  const dress = (dark) => { root.dataset.scheme = dark ? "dark" : "light"; };
  const button = document.getElementById("scheme");
  button.hidden = false;
  button.addEventListener("click", () => dress(root.dataset.scheme !== "dark"));
  system.addEventListener("change", (event) => dress(event.matches));
  dress(system.matches);

  // ---- what a mark of a chart stands for, beside the pointer ----

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true"); // a screen reader has the text of the chart
  document.body.append(tip);
  addEventListener("pointerover", (event) => {
    const mark = event.target.closest?.("[data-tip]");
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.dataset.tip;
    const left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, event.clientY - tip.offsetHeight - 12)}px`;
  });
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

  // ---- tables are sorted within the rows of a factor; the baseline stays first ----

  function value(row, column) {
    const cell = row.cells[column];
    if (column === 0) return cell.textContent.replace("● ", "");
    if (cell.dataset.order !== undefined) return Number(cell.dataset.order);
    const text = cell.textContent.trim();
    // In the list of trials, whose cells are single numbers or words.
    if (!cell.closest(".trials") || text === "") return null;
    const number = Number(text.replace("−", "-"));
    return Number.isNaN(number) ? text : number;
  }

  function before(a, b) {
    if (a === b) return 0;
    if (a === null || b === null) return a === null ? 1 : -1; // what has no number is last
    return a < b ? -1 : 1;
  }

  function sort(table, head) {
    const up = head.getAttribute("aria-sort") !== "ascending";
    const column = head.cellIndex;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    for (const body of table.tBodies) {
      const rows = [...body.rows].filter((row) => row.cells.length > 1 && !row.classList.contains("baseline"));
      rows.sort((one, other) => {
        const [a, b] = [value(one, column), value(other, column)];
        return a === null || b === null || up ? before(a, b) : -before(a, b);
      });
      body.append(...rows);
    }
  }

  for (const table of document.querySelectorAll(".study-table table, .trials table")) {
    if (!table.closest(".trials") && !table.querySelector("td[data-order]")) continue;
    for (const head of table.tHead.rows[0].cells) {
      // No button element: of one, Chromium prints no text in the heads of a table's later sheets.
      const press = document.createElement("span");
      press.setAttribute("role", "button");
      press.tabIndex = 0;
      press.append(...head.childNodes);
      if (!press.textContent) press.textContent = "arm";
      head.replaceChildren(press);
      press.addEventListener("click", () => sort(table, head));
      press.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        sort(table, head);
      });
    }
  }

  // ---- a table that scrolls has a shadow where there is more, and its differences stay in view ----

  for (const box of document.querySelectorAll(".scroll")) {
    const table = box.querySelector("table");
    const label = table.tHead.rows[0].cells[0];
    const measure = () => {
      // One pixel is the rounding of a zoomed page.
      box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
      table.style.setProperty("--labels", `${label.offsetWidth}px`);
    };
    box.addEventListener("scroll", measure, { passive: true });
    // Of folded tables too, which have no width before they are opened.
    const observer = new ResizeObserver(measure);
    for (const element of [box, table, label]) observer.observe(element);
    measure();
  }

  // ---- the list of trials shows those that have all words ----

  for (const list of document.querySelectorAll(".trials")) {
    const filter = list.querySelector(".filter");
    filter.hidden = false;
    filter.addEventListener("input", () => {
      const words = filter.querySelector("input").value.toLowerCase().split(/\s+/);
      for (const row of list.querySelector("tbody").rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
  }
})();
