// Draws the host's time as a Gray code, once a frame. The layout comes from the host.

const canvas = document.getElementById("clock");
const context = canvas.getContext("2d", { alpha: false, desynchronized: true });
const state = document.getElementById("state");
const layout = await (await fetch("layout.json")).json();

let offsetMs = null; // page clock minus host clock
let stepMs = 0;
let shown = -1;

function say(text) {
  state.textContent = text;
}

function connect() {
  const address = new URL("ws", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  socket.onmessage = (event) => {
    const receivedMs = performance.now();
    const message = JSON.parse(event.data);
    if (message.type === "ping") {
      const answer = { type: "pong", sent_ns: message.sent_ns, received_ms: receivedMs };
      socket.send(JSON.stringify({ ...answer, answered_ms: performance.now() }));
    } else if (message.type === "offset") {
      offsetMs = message.offset_ms;
      say("");
    }
  };
  socket.onopen = async () => {
    stepMs = await chooseStep();
    socket.send(JSON.stringify({ type: "step", step_ms: stepMs }));
  };
  socket.onclose = () => {
    offsetMs = null;
    shown = -1;
    say("The program on the host has ended or cannot be reached. Trying again …");
    setTimeout(connect, 1000);
  };
}

// A code must stand for at least a frame, or neighbouring frames would differ in several bits.
async function chooseStep() {
  const times = [];
  while (times.length < 60) {
    times.push(await new Promise(requestAnimationFrame));
  }
  const gaps = times.slice(1).map((time, index) => time - times[index]);
  gaps.sort((one, other) => one - other);
  const frameMs = gaps[Math.floor(gaps.length / 2)];
  return Math.min(Math.max(Math.ceil(frameMs + 0.2), 4), layout.longest_step_ms);
}

function draw() {
  requestAnimationFrame(draw);
  if (offsetMs === null || stepMs === 0) {
    return;
  }
  const count = Math.floor((performance.now() - offsetMs) / stepMs) % 2 ** layout.count_bits;
  const width = Math.round(innerWidth * devicePixelRatio);
  const height = Math.round(innerHeight * devicePixelRatio);
  if (count === shown && canvas.width === width && canvas.height === height) {
    return;
  }
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  shown = count;
  drawFace(count, width, height);
}

function drawFace(count, width, height) {
  const columns = layout.cells[0].length;
  const rows = layout.cells.length;
  const cell = Math.min(
    width / (columns + 2 * layout.margin),
    height / (rows + 2 * layout.margin),
  );
  const left = (width - columns * cell) / 2;
  const top = (height - rows * cell) / 2;
  const fill = (row, column, side, white) => {
    context.fillStyle = white ? "white" : "black";
    const x = Math.round(left + column * cell);
    const y = Math.round(top + row * cell);
    context.fillRect(
      x,
      y,
      Math.round(left + (column + side) * cell) - x,
      Math.round(top + (row + side) * cell) - y,
    );
  };
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  const gray = count ^ (count >> 1);
  const bits =
    gray.toString(2).padStart(layout.count_bits, "0") +
    stepMs.toString(2).padStart(layout.step_bits, "0");
  layout.cells.forEach((names, row) => {
    [...names].forEach((name, column) => {
      if (name === "." || name === "-") {
        return;
      }
      const index = layout.bit_names.indexOf(name.toLowerCase());
      const white = index >= 0 && (bits[index] === "1") === (name === name.toLowerCase());
      fill(row, column, 1, white);
    });
  });
  const outer = layout.marker_cells - 2 * layout.marker_rim;
  for (const [row, column] of layout.markers) {
    for (let ring = 0; ring < 3; ring += 1) {
      const inset = layout.marker_rim + (ring * outer) / 7;
      fill(row + inset, column + inset, outer - (2 * ring * outer) / 7, ring === 1);
    }
  }
}

connect();
requestAnimationFrame(draw);
