// The learning curves of the comparison page, drawn as SVG from the data in the page.
"use strict";

(() => {
  const { runs, charts } = JSON.parse(document.getElementById("curve-data").textContent);
  const HEIGHT = 250, LEFT = 52, RIGHT = 10, TOP = 8, BOTTOM = 34;
  const DASHES = ["", "7 4", "2 4", "9 3 2 3"];
  const state = { width: 520, hidden: new Set(), along: "epoch", smoothing: 0, logarithmic: false };

  function svg(name, attributes = {}, text = "") {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.textContent = text;
    return element;
  }

  function html(name, attributes = {}, text = "") {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.textContent = text;
    return element;
  }

  const colour = (run) => `var(--run-${run % 8})`;
  const dash = (run) => DASHES[Math.floor(run / 8) % DASHES.length];
  const format = (value) => {
    const size = Math.abs(value);
    if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(2);
    return String(Number(value.toPrecision(4)));
  };

  // The running mean starts from zero weight, so that the first points are not pulled to zero.
  function smooth(values, factor) {
    let mean = 0, weight = 0;
    return values.map((value) => {
      mean = factor * mean + (1 - factor) * value;
      weight = factor * weight + (1 - factor);
      return mean / weight;
    });
  }

  function points(series) {
    const places = series[state.along];
    const values = smooth(series.value, state.smoothing);
    return values.map((value, k) => ({ x: places[k], y: value })).filter(({ x }) => x !== null);
  }

  function ticks(low, high, count) {
    const rough = (high - low) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough);
    const first = Math.ceil(low / step - 1e-9);
    const last = Math.floor(high / step + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(12)));
  }

  function logTicks(low, high) {
    const found = [];
    for (let power = Math.floor(low); power <= high; power += 1) {
      for (const k of [1, 2, 5]) {
        const place = power + Math.log10(k);
        if (place >= low && place <= high) found.push(Number((k * 10 ** power).toPrecision(3)));
      }
    }
    return found.length ? found : [10 ** low, 10 ** high];
  }

  function extent(values) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return low === high ? [low - (Math.abs(low) * 0.05 || 1), high + (Math.abs(high) * 0.05 || 1)] : [low, high];
  }

  function makeScales(lines, isLog) {
    const forward = isLog ? Math.log10 : (value) => value;
    const [left, right] = extent(lines.flatMap((line) => line.points.map(({ x }) => x)));
    let [low, high] = extent(lines.flatMap((line) => line.points.map(({ y }) => forward(y))));
    const margin = 0.05 * (high - low);
    [low, high] = [low - margin, high + margin];
    return {
      x: (value) => LEFT + ((value - left) / (right - left)) * (state.width - LEFT - RIGHT),
      y: (value) => HEIGHT - BOTTOM - ((forward(value) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM),
      xTicks: ticks(left, right, Math.max(3, Math.round(state.width / 90))),
      yTicks: isLog ? logTicks(low, high) : ticks(low, high, 5),
    };
  }

  function drawAxes(figure, scales) {
    for (const tick of scales.yTicks) {
      const y = scales.y(tick);
      figure.append(svg("line", { class: "grid", x1: LEFT, x2: state.width - RIGHT, y1: y, y2: y }));
      figure.append(svg("text", { x: LEFT - 7, y: y + 4, "text-anchor": "end" }, format(tick)));
    }
    for (const tick of scales.xTicks) {
      const anchor = scales.x(tick) > state.width - 24 ? "end" : "middle";
      figure.append(svg("text", { x: scales.x(tick), y: HEIGHT - BOTTOM + 17, "text-anchor": anchor }, format(tick)));
    }
    figure.append(svg("text", { x: LEFT, y: HEIGHT - 3 }, state.along));
  }

  function drawLines(figure, lines, scales) {
    for (const { run, points: listed } of lines) {
      const path = listed.map(({ x, y }, k) => `${k ? "L" : "M"}${scales.x(x).toFixed(1)} ${scales.y(y).toFixed(1)}`);
      const style = { class: "curve", "data-run": run, stroke: colour(run), "stroke-dasharray": dash(run) };
      figure.append(svg("path", { ...style, d: path.join("") }));
      if (listed.length === 1) {
        const [{ x, y }] = listed;
        figure.append(svg("circle", { cx: scales.x(x), cy: scales.y(y), r: 3.5, fill: colour(run) }));
      }
    }
  }

  const nearest = (listed, x) => listed.reduce((a, b) => (Math.abs(b.x - x) < Math.abs(a.x - x) ? b : a));

  function showReadout(panel, drawn, x) {
    const { figure, lines, scales } = drawn;
    const place = scales.x(x);
    drawn.at = x;
    figure.querySelector(".marks")?.remove();
    const marks = svg("g", { class: "marks" });
    marks.append(svg("line", { class: "cross", x1: place, x2: place, y1: TOP, y2: HEIGHT - BOTTOM }));
    const readout = panel.querySelector(".readout");
    const rows = lines.map(({ run, points: listed }) => ({ run, ...nearest(listed, x) })).sort((a, b) => b.y - a.y);
    readout.replaceChildren(html("p", { class: "quiet" }, `${state.along} ${format(x)}`));
    for (const { run, x: at, y } of rows) {
      marks.append(svg("circle", { cx: scales.x(at), cy: scales.y(y), r: 3.2, fill: colour(run) }));
      const row = html("p");
      row.append(html("i", { class: "swatch", style: `background:${colour(run)}` }));
      row.append(html("span", {}, runs[run].label), html("b", {}, format(y)));
      readout.append(row);
    }
    figure.append(marks);
    readout.hidden = false;
    const isRight = place > state.width / 2;
    readout.style.left = isRight ? "auto" : `${(100 * place) / state.width + 4}%`;
    readout.style.right = isRight ? `${100 - (100 * place) / state.width + 4}%` : "auto";
  }

  function hideReadout(panel, drawn) {
    panel.querySelector(".readout").hidden = true;
    drawn.figure.querySelector(".marks")?.remove();
  }

  function listen(panel, drawn) {
    const places = [...new Set(drawn.lines.flatMap((line) => line.points.map(({ x }) => x)))].sort((a, b) => a - b);
    const { figure, scales } = drawn;
    figure.addEventListener("pointermove", (event) => {
      const box = figure.getBoundingClientRect();
      const pixel = ((event.clientX - box.left) / box.width) * state.width;
      showReadout(panel, drawn, places.reduce((a, b) => (Math.abs(scales.x(b) - pixel) < Math.abs(scales.x(a) - pixel) ? b : a)));
    });
    figure.addEventListener("pointerleave", () => hideReadout(panel, drawn));
    figure.addEventListener("blur", () => hideReadout(panel, drawn));
    figure.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!move) return;
      event.preventDefault();
      const now = drawn.at === undefined ? (move > 0 ? -1 : places.length) : places.indexOf(drawn.at);
      showReadout(panel, drawn, places[Math.min(places.length - 1, Math.max(0, now + move))]);
    });
  }

  function draw(chart) {
    const panel = html("div", { class: "chart", "data-chart": chart.name });
    panel.append(html("h3", {}, chart.title));
    const isLog = state.logarithmic && chart.name.endsWith("/loss");
    const lines = chart.series
      .filter(({ run }) => !state.hidden.has(run))
      .map((series) => ({ run: series.run, points: points(series).filter(({ y }) => !isLog || y > 0) }))
      .filter((line) => line.points.length);
    if (!lines.length) {
      panel.append(html("p", { class: "quiet" }, "Nothing to show: no run is selected."));
      return panel;
    }
    const label = `${chart.title} along ${state.along}s; arrow keys read the values`;
    const figure = svg("svg", { viewBox: `0 0 ${state.width} ${HEIGHT}`, role: "img", tabindex: 0, "aria-label": label });
    const scales = makeScales(lines, isLog);
    drawAxes(figure, scales);
    drawLines(figure, lines, scales);
    panel.append(figure, html("div", { class: "readout", role: "status", hidden: "" }));
    listen(panel, { figure, lines, scales });
    return panel;
  }

  const holder = document.getElementById("charts");

  // One unit of the drawing is one pixel of the screen, so that its letters stay readable.
  function measure() {
    holder.replaceChildren(...charts.map(() => html("div", { class: "chart" })));
    const panel = holder.firstElementChild;
    const style = getComputedStyle(panel);
    const inner = panel.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    state.width = Math.max(220, Math.round(inner));
  }

  function drawAll() {
    holder.replaceChildren(...charts.map(draw));
  }

  function legendButton({ label, index }) {
    const button = html("button", { type: "button", "aria-pressed": "true", "data-run": index });
    const sample = svg("svg", { width: 22, height: 8, "aria-hidden": "true" });
    sample.append(svg("path", { d: "M1 4H21", stroke: colour(index), "stroke-width": 2.4, "stroke-dasharray": dash(index) }));
    button.append(sample, html("span", {}, label));
    button.addEventListener("click", () => {
      const isShown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(isShown));
      state.hidden[isShown ? "delete" : "add"](index);
      drawAll();
    });
    return button;
  }

  if (charts.length) {
    document.querySelector("#curves .controls").hidden = false;
    document.getElementById("legend").append(...runs.map(legendButton));
    const bind = (id, event, read) => document.getElementById(id).addEventListener(event, ({ target }) => {
      read(target);
      drawAll();
    });
    bind("along", "change", (target) => { state.along = target.value; });
    bind("smoothing", "input", (target) => { state.smoothing = Number(target.value); });
    bind("logarithmic", "change", (target) => { state.logarithmic = target.checked; });
    let drawnAt = window.innerWidth;
    window.addEventListener("resize", () => {
      if (window.innerWidth === drawnAt) return;
      drawnAt = window.innerWidth;
      measure();
      drawAll();
    });
    measure();
    drawAll();
  }
})();
