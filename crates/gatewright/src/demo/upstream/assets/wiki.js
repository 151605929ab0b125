// Shows who is here (WebSocket) and what was saved (event stream), and says so when either is cut.
"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const slug = location.pathname.startsWith("/page/") ? location.pathname.slice(6) : "welcome";
  const POLICY_VIOLATION = 1008;
  let leaving = false;
  addEventListener("pagehide", () => { leaving = true; });

  const item = (text, quiet) => {
    const li = document.createElement("li");
    li.textContent = text;
    if (quiet) li.className = "quiet";
    return li;
  };
  const state = (text, kind) => {
    at("state").textContent = text;
    at("state").className = "state " + kind;
  };
  const cut = (reason) => {
    if (leaving) return;
    state("✕ ended", "ended");
    at("here").replaceChildren(item("Not connected", true));
    at("cut-reason").textContent = reason;
    at("cut").hidden = false;
  };

  const events = new EventSource("/events");
  events.addEventListener("saved", (message) => {
    const saved = JSON.parse(message.data);
    const time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    if (at("lately").firstElementChild.className === "quiet") at("lately").replaceChildren();
    at("lately").prepend(item(`${saved.by} saved ${saved.title}, ${time}`));
    while (at("lately").children.length > 6) at("lately").lastElementChild.remove();
    if (saved.slug === slug) {
      at("newer").textContent = `${saved.by} saved this page just now. Reload to see it.`;
      at("newer").hidden = false;
    }
  });

  let wait = 1000;
  const connect = () => {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    let opened = false;
    socket.onopen = () => {
      opened = true;
      wait = 1000;
      state("✓ live", "live");
    };
    socket.onmessage = (message) => {
      at("here").replaceChildren(...JSON.parse(message.data).here.map((name) => item(name)));
    };
    socket.onclose = (close) => {
      if (leaving) return;
      if (close.code === POLICY_VIOLATION) {
        cut(close.reason || "Gatewright ended the connection.");
      } else if (wait > 8000) {
        cut(opened ? "The connection was lost." : "The connection cannot be made again.");
      } else {
        state("Connecting again", "");
        setTimeout(connect, wait);
        wait *= 2;
      }
    };
  };
  connect();
})();
