// The plain page: log in, see the board live, be told of a ringing call.
const $ = (id) => document.getElementById(id);
const phases = { greeting: "안내", waiting: "대기", ringing: "울림", talking: "상담중" };
const states = {
  offline: "비연결", unreachable: "전화 안 됨", available: "상담가능", away: "상담불가능",
  ringing: "울림", talking: "상담중", wrapup: "후처리",
};
let socket, pause = 1000, skew = 0, me;
let board = { queues: new Map(), agents: new Map(), calls: new Map() };

const byID = (list) => new Map(list.map((x) => [x.id, x]));
const send = (frame) => socket.send(JSON.stringify(frame));

// connect opens the socket: by the session cookie alone after a log-in.
function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket.onmessage = (e) => take(JSON.parse(e.data));
  socket.onclose = (e) => {
    line("연결 끊김", true);
    if (e.code >= 4001 && e.code <= 4004) return show(false);
    setTimeout(connect, pause * (0.5 + Math.random()));
    pause = Math.min(pause * 2, 15000);
  };
}

function take(f) {
  if (f.at) skew = Date.parse(f.at) - Date.now();
  switch (f.type) {
    case "welcome":
      pause = 1000;
      me = f.agent;
      board = { queues: byID(f.queues), agents: byID(f.agents), calls: byID(f.calls) };
      asterisk(f.asterisk);
      show(true);
      break;
    case "call.ended":
      board.calls.delete(f.call.id);
      break;
    case "call.waiting": case "call.ringing": case "call.answered":
      board.calls.set(f.call.id, f.call);
      break;
    case "agent.state":
      board.agents.set(f.agent.id, f.agent);
      if (me && f.agent.id === me.id) me = f.agent;
      break;
    case "queue.stats":
      board.queues.set(f.queue.id, f.queue);
      break;
    case "asterisk.state":
      asterisk(f.asterisk);
      break;
  }
  draw();
}

function asterisk(a) {
  if (a.state === "up") line("연결됨", false);
  else line("Asterisk 이벤트 끊김", true);
}

function line(text, down) {
  $("line").textContent = text;
  $("line").className = down ? "down" : "";
}

function show(loggedIn) {
  document.querySelector("main").hidden = !loggedIn;
  $("me").hidden = !loggedIn;
  $("login").hidden = loggedIn;
}

const since = (t) => {
  const s = Math.max(0, Math.floor((Date.now() + skew - Date.parse(t)) / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
};

function rows(id, list) {
  $(id).replaceChildren(...list.map((cells) => {
    const tr = document.createElement("tr");
    tr.append(...cells.map((c) => {
      const td = document.createElement("td");
      td.textContent = c;
      return td;
    }));
    return tr;
  }));
}

function draw() {
  if (!me) return;
  $("me").textContent = `${me.name} · ${states[me.state] ?? me.state}`;
  rows("queues", [...board.queues.values()].map((q) => [q.name, q.number, q.waiting, q.ringing, q.talking]));
  rows("calls", [...board.calls.values()].map((c) => [
    c.caller || "번호 없음", board.queues.get(c.queue)?.name ?? c.queue, phases[c.phase], since(c.start ?? c.begin),
    c.agent || c.rings.filter((r) => !r.result).map((r) => r.agent).join(", "),
  ]));
  rows("agents", [...board.agents.values()].map((a) => [
    a.name, a.phone, states[a.state] + (a.reason ? ` (${a.reason})` : ""), since(a.since), a.calls,
  ]));
  const mine = [...board.calls.values()].find((c) => c.id === me.call);
  $("alert").hidden = !mine;
  if (mine) {
    $("alert").textContent = `${mine.phase === "talking" ? "상담중" : "전화가 왔습니다"}: ${mine.caller || "번호 없음"} ` +
      `(${board.queues.get(mine.queue)?.name ?? mine.queue})`;
  }
  document.title = mine && mine.phase === "ringing" ? `☎ ${mine.caller}` : "calld";
}

$("login").onsubmit = async (e) => {
  e.preventDefault();
  const f = new FormData(e.target);
  const r = await fetch("/api/v1/session", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ id: f.get("id"), password: f.get("password") }),
  });
  $("fault").textContent = r.ok ? "" : (await r.json()).detail;
  if (r.ok) connect();
};
$("available").onclick = () => send({ type: "state", state: "available" });
$("away").onclick = () => send({ type: "state", state: "away", reason: "휴식" });
$("wrapup").onclick = () => send({ type: "wrapup.done" });
$("logout").onclick = async () => {
  send({ type: "logout" });
  await fetch("/api/v1/session", { method: "DELETE" });
};
setInterval(draw, 1000);
fetch("/api/v1/session").then((r) => { if (r.ok) connect(); });
