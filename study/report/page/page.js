"use strict";
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const ink = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  // ---- light and dark ----

  function themed(spec) {
    const axis = { gridcolor: ink("--line"), linecolor: ink("--soft"), zerolinecolor: ink("--soft") };
    const layout = structuredClone(spec.layout);
    for (const name of ["xaxis", "yaxis"]) layout[name] = { ...axis, automargin: true, ...layout[name] };
    for (const shape of layout.shapes || []) {
      shape.fillcolor = ink("--line");
      shape.opacity = 0.5;
      shape.layer = "below";
    }
    Object.assign(layout, {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink("--ink"), family: getComputedStyle(document.body).fontFamily, size: 13 },
      margin: { l: 60, r: 20, t: 20, b: 60 }, autosize: true, hovermode: "closest",
      transition: { duration: still ? 0 : 150 },
    });
    const data = structuredClone(spec.data);
    for (const trace of data) {
      if (trace.role !== "faint") continue;
      trace.marker = { ...trace.marker, color: ink("--soft") };
      trace.line = { ...trace.line, color: ink("--soft") };
    }
    return [data, layout];
  }

  const quiet = { displayModeBar: false, responsive: true };

  function draw() {
    if (!window.Plotly) return;
    for (const [name, spec] of Object.entries(charts)) Plotly.react(name, ...themed(spec), quiet);
  }

  function dress(dark) {
    root.dataset.scheme = dark ? "dark" : "light";
    root.classList.toggle("dark", dark); // what DataTables looks at
    draw();
  }

  const button = document.getElementById("scheme");
  button.hidden = false;
  button.addEventListener("click", () => dress(root.dataset.scheme !== "dark"));
  system.addEventListener("change", (event) => dress(event.matches));
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details.figures")) part.open = true;
    dress(false);
  });
  addEventListener("afterprint", () => dress(system.matches));

  // ---- tables are sorted within the rows of a factor; the baseline stays first ----

  function value(row, column) {
    const cell = row.cells[column];
    if (column === 0) return cell.textContent.replace("● ", "");
    const order = cell.dataset.order;
    return order === undefined ? null : Number(order);
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

  for (const table of document.querySelectorAll(".study-table table")) {
    const numbers = [...table.querySelectorAll("td")].some((cell) => cell.dataset.order !== undefined);
    if (!numbers) continue;
    for (const head of table.tHead.rows[0].cells) {
      const press = document.createElement("button");
      press.type = "button";
      press.textContent = head.textContent || "arm";
      head.replaceChildren(press);
      press.addEventListener("click", () => sort(table, head));
    }
  }

  dress(system.matches);
})();
