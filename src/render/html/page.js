"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const by = (id) => document.getElementById(id);
  const make = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const percent = (share) => (share > 0 && share < 0.0005 ? "<0.1%" : (share * 100).toFixed(1) + "%");
  const count = (n) => n.toLocaleString("en-US");

  // Facts.
  document.title = data.title;
  by("title").textContent = data.title;
  for (const [title, text] of data.facts) by("facts").append(make("dt", title), make("dd", text));
  for (const [kind, text] of data.notes) by("notes").append(make("p", kind + ": " + text, kind));

  // Table. Numbers are sorted as numbers, from high to low at first.
  const table = by("table");
  const body = table.tBodies[0];
  let sorting = { column: data.sorted, descending: data.columns[data.sorted].number };
  let pattern = null;
  let chosen = null;
  const head = make("tr");
  data.columns.forEach((column, i) => {
    const cell = make("th", undefined, column.number ? "number" : "");
    cell.scope = "col";
    const button = make("button", column.title);
    button.type = "button";
    button.addEventListener("click", () => {
      sorting = { column: i, descending: sorting.column === i ? !sorting.descending : !!column.number };
      drawTable();
    });
    cell.append(button);
    head.append(cell);
  });
  table.tHead.append(head);

  const named = data.columns.map((column, i) => (column.number ? -1 : i)).filter((i) => i >= 0);
  const matches = (row) => !pattern || named.some((i) => pattern.test(row.cells[i]));
  const compare = (a, b) => {
    const { column, descending } = sorting;
    const [x, y] = data.columns[column].number ? [a.values[column], b.values[column]] : [a.cells[column], b.cells[column]];
    const order = x < y ? -1 : x > y ? 1 : 0;
    return (descending ? -order : order) || a.position - b.position;
  };
  data.rows.forEach((row, i) => (row.position = i));

  function drawTable() {
    [...head.cells].forEach((cell, i) => {
      if (i === sorting.column) cell.setAttribute("aria-sort", sorting.descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
    const shown = data.rows.filter(matches).sort(compare);
    body.replaceChildren(...shown.map(rowElement));
    if (body.rows.length) body.rows[0].tabIndex = 0;
    tell(shown);
  }

  function rowElement(row) {
    const element = make("tr");
    element.tabIndex = -1;
    element.dataset.position = row.position;
    if (chosen === row.position) element.setAttribute("aria-selected", "true");
    row.cells.forEach((text, i) => {
      const column = data.columns[i];
      const cell = make("td", undefined, column.number ? "number" : named.indexOf(i) ? "path" : "name");
      // The end of a path tells it apart; its own direction is kept where the cell's is turned around.
      if (named.indexOf(i) > 0) cell.append(make("bdi", text));
      else cell.textContent = text;
      if (column.share) {
        cell.classList.add("share");
        cell.style.setProperty("--part", (row.values[i] * 100).toFixed(2) + "%");
      } else if (!column.number) cell.title = text;
      element.append(cell);
    });
    return element;
  }

  function tell(shown) {
    if (!pattern) {
      by("state").textContent = "";
      return;
    }
    const own = data.columns.findIndex((column) => column.share);
    const share = own < 0 ? null : shown.reduce((sum, row) => sum + row.values[own], 0);
    let text = count(shown.length) + (shown.length === 1 ? " function matches" : " functions match");
    if (share !== null) text += ", " + percent(share) + " of the time in them";
    if (flame) text += "; " + percent(flame.matched()) + " through them";
    by("state").textContent = text;
  }

  function choose(row) {
    chosen = row.position;
    for (const element of body.rows) {
      if (Number(element.dataset.position) === chosen) element.setAttribute("aria-selected", "true");
      else element.removeAttribute("aria-selected");
    }
    if (flame) flame.mark(row.name);
    if (row.source >= 0) {
      const details = by("sources").children[row.source];
      details.open = true;
      details.scrollIntoView({ block: "nearest" });
    }
  }
  const rowOf = (element) => data.rows[Number(element.closest("tr").dataset.position)];
  body.addEventListener("click", (event) => event.target.closest("tr") && choose(rowOf(event.target)));
  body.addEventListener("keydown", (event) => {
    const element = event.target.closest("tr");
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (step && element[step]) {
      element.tabIndex = -1;
      element[step].tabIndex = 0;
      element[step].focus();
      event.preventDefault();
    } else if (event.key === "Enter") choose(rowOf(element));
  });
  by("left-out").textContent = data.left_out;

  // Flamegraph. Boxes are in preorder: depth, name, kind, samples.
  const flame = data.boxes.length ? flamegraph() : null;
  if (!flame) by("flame-section").hidden = true;

  function flamegraph() {
    const HEIGHT = 18;
    const canvas = by("flame");
    const context = canvas.getContext("2d");
    const boxes = [];
    const path = [];
    let total = 0;
    for (const [depth, name, kind, samples] of data.boxes) {
      path.length = depth;
      const parent = depth ? path[depth - 1] : null;
      const start = parent ? parent.start + parent.used : total;
      const box = { depth, name: data.names[name], kind, samples, start, used: 0, parent, index: boxes.length, first: null };
      if (parent) {
        parent.used += samples;
        parent.first = parent.first || box;
      } else total += samples;
      boxes.push(box);
      path.push(box);
    }
    const deepest = boxes.reduce((most, box) => Math.max(most, box.depth), 0);
    let zoom = null;
    let focus = boxes[0];
    let marked = null;
    let found = new Set();

    const hash = (text) => {
      let h = 2166136261;
      for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
      return (h >>> 0) / 4294967296;
    };
    const hues = [[18, 42], [205, 228], [95, 135], [0, 0]];
    const style = () => getComputedStyle(document.documentElement);
    const dark = () => style().getPropertyValue("--paper").trim() !== "#ffffff";
    const colour = (box) => {
      const [low, high] = hues[box.kind];
      const shade = hash(box.name);
      const light = dark() ? 28 + shade * 10 : 66 + shade * 12;
      return `hsl(${low + (high - low) * shade} ${box.kind === 3 ? 0 : 62}% ${light}%)`;
    };
    const range = () => (zoom ? [zoom.start, zoom.samples] : [0, total]);
    const place = (box) => {
      const [from, width] = range();
      const scale = canvas.clientWidth / width;
      return [(box.start - from) * scale, box.depth * HEIGHT, box.samples * scale];
    };
    const inView = (box) => {
      const [from, width] = range();
      return box.start < from + width && box.start + box.samples > from;
    };

    function draw() {
      const width = canvas.clientWidth;
      const ratio = window.devicePixelRatio || 1;
      const height = (deepest + 1) * HEIGHT + 1;
      canvas.style.height = height + "px";
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.min(32000, Math.round(height * ratio));
      context.setTransform(ratio, 0, 0, Math.min(ratio, 32000 / height), 0, 0);
      const colours = style();
      const ink = colours.getPropertyValue("--ink");
      const match = colours.getPropertyValue("--match");
      const accent = colours.getPropertyValue("--accent");
      context.font = "12px system-ui, sans-serif";
      context.textBaseline = "middle";
      for (const box of boxes) {
        if (!inView(box)) continue;
        const [left, y, across] = place(box);
        if (across < 0.3) continue;
        const x = Math.max(left, 0);
        const w = Math.min(left + across, width) - x;
        context.globalAlpha = zoom && box.depth < zoom.depth ? 0.45 : 1;
        context.fillStyle = found.has(box) || box.name === marked ? match : colour(box);
        context.fillRect(x, y, Math.max(w - 0.6, 0.3), HEIGHT - 1);
        if (w > 26) {
          context.fillStyle = found.has(box) || box.name === marked ? (dark() ? "#000" : "#fff") : ink;
          context.fillText(fit(box.name, w - 8), x + 4, y + HEIGHT / 2, w - 6);
        }
        if (box === focus && document.activeElement === canvas) {
          context.strokeStyle = accent;
          context.lineWidth = 2;
          context.strokeRect(x + 1, y + 1, Math.max(w - 2, 1), HEIGHT - 3);
        }
      }
      context.globalAlpha = 1;
    }

    function fit(text, width) {
      const most = Math.floor(width / 6);
      if (text.length <= most) return text;
      return most < 3 ? "" : text.slice(0, most - 1) + "…";
    }

    function say(box) {
      by("box").textContent = `${box.name}: ${count(box.samples)} samples, ${percent(box.samples / total)} of all`;
    }
    function at(event) {
      const bounds = canvas.getBoundingClientRect();
      const depth = Math.floor((event.clientY - bounds.top) / HEIGHT);
      const [from, width] = range();
      const sample = from + ((event.clientX - bounds.left) / bounds.width) * width;
      return boxes.find((box) => box.depth === depth && box.start <= sample && sample < box.start + box.samples);
    }
    function zoomTo(box) {
      zoom = box && box.samples < total ? box : null;
      if (box) focus = box;
      draw();
      if (box) say(box);
    }
    canvas.addEventListener("mousemove", (event) => {
      const box = at(event);
      canvas.title = box ? box.name : "";
      if (box) say(box);
    });
    canvas.addEventListener("click", (event) => {
      const box = at(event);
      if (box) zoomTo(box);
    });
    canvas.addEventListener("focus", () => (say(focus), draw()));
    canvas.addEventListener("blur", draw);
    canvas.addEventListener("keydown", (event) => {
      const siblings = boxes.filter((box) => box.depth === focus.depth && inView(box));
      const i = siblings.indexOf(focus);
      const to = {
        ArrowDown: () => focus.first,
        ArrowUp: () => focus.parent,
        ArrowRight: () => siblings[i + 1],
        ArrowLeft: () => siblings[i - 1],
        Home: () => boxes[0],
      }[event.key];
      if (to) {
        focus = to() || focus;
        say(focus);
        draw();
        event.preventDefault();
      } else if (event.key === "Enter") zoomTo(focus);
      else if (event.key === "Escape") zoomTo(null);
    });
    by("reset").addEventListener("click", () => zoomTo(null));
    window.addEventListener("resize", draw);
    return {
      draw,
      zoomed: () => (zoom ? zoom.name : ""),
      mark(name) {
        marked = name;
        draw();
      },
      search() {
        found = new Set(pattern ? boxes.filter((box) => pattern.test(box.name)) : []);
        draw();
      },
      /** Share of the samples through a match, each counted once. */
      matched() {
        let sum = 0;
        let end = 0;
        for (const box of boxes) {
          if (found.has(box) && box.start >= end) {
            sum += box.samples;
            end = box.start + box.samples;
          }
        }
        return total ? sum / total : 0;
      },
    };
  }

  // Source lines.
  if (!data.sources.length) by("source-section").hidden = true;
  for (const source of data.sources) {
    const details = make("details");
    details.append(make("summary", source.title + " — " + source.times));
    if (source.note) details.append(make("p", source.note, "warning"));
    const scroll = make("div", undefined, "scroll");
    scroll.tabIndex = 0;
    const code = make("table", undefined, "code");
    const rows = make("tbody");
    for (const [line, samples, own, all, hot, text] of source.lines) {
      const row = make("tr", undefined, hot ? "hot" : "");
      for (const number of [line, samples, own, all]) row.append(make("td", number, "number"));
      row.append(make("td", text));
      rows.append(row);
    }
    const titles = make("tr");
    for (const title of ["line", "samples", "tottime", "cumtime"]) titles.append(make("th", title, "number"));
    titles.append(make("th", "source"));
    code.append(make("thead"));
    code.tHead.append(titles);
    code.append(rows);
    scroll.append(code);
    details.append(scroll);
    by("sources").append(details);
  }

  // Search and keys.
  function search(text) {
    try {
      pattern = text ? new RegExp(text, "i") : null;
    } catch {
      pattern = new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i");
    }
    if (flame) flame.search();
    drawTable();
  }
  by("search").addEventListener("input", (event) => search(event.target.value));
  by("search").addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.target.value = "";
      search("");
    } else if (event.key === "Enter" || event.key === "ArrowDown") {
      if (body.rows.length) body.rows[0].focus();
      event.preventDefault();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target.tagName !== "INPUT") {
      by("search").focus();
      event.preventDefault();
    }
  });
  by("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).getPropertyValue("--paper").trim() !== "#ffffff";
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    if (flame) flame.draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => flame && flame.draw());
  drawTable();
  if (flame) flame.draw();
})();
