"use strict";
// The page's own memory: my number, and its messages with the last one that came (Last-Event-ID after a reload).
const find = (id) => document.getElementById(id);
const time = (at) => new Date(at).toLocaleTimeString("cs-CZ", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const segments = (n) => `${n} ${n === 1 ? "segment" : n < 5 ? "segmenty" : "segmentů"}`;
const kept = {
  get number() { return localStorage.getItem("crs.number") || ""; },
  set number(number) { localStorage.setItem("crs.number", number); },
  thread() { return JSON.parse(localStorage.getItem(`crs.thread.${this.number}`) || '{"last":0,"messages":[]}'); },
  keep(thread) { localStorage.setItem(`crs.thread.${this.number}`, JSON.stringify(thread)); },
};
if (!kept.number) kept.number = "+42077" + String(Math.floor(Math.random() * 1e7)).padStart(7, "0");

function show(message) {
  find("empty").hidden = true;
  const sms = document.createElement("article");
  sms.className = message.mine ? "sms mine" : "sms";
  const footer = document.createElement("footer");
  footer.textContent = `${time(message.at)} · ${segments(message.segments)}`;
  sms.append(document.createTextNode(message.text), footer);
  const thread = find("thread");
  thread.append(sms);
  thread.scrollTop = thread.scrollHeight;
  const pin = !message.mine && /PIN(?:em|1)? (\d{4} ?\d{4}|\d{6})\b/.exec(message.text);
  if (pin) {
    find("pin").textContent = find("pin").dataset.say = pin[1];
    find("pin").hidden = false;
  }
}

function refuse(words) {
  find("refused").textContent = words;
  find("refused").hidden = !words;
}

function add(message) {
  const thread = kept.thread();
  if (message.id) {
    if (message.id <= thread.last) return;
    thread.last = message.id;
  }
  thread.messages.push(message);
  kept.keep(thread);
  show(message);
}

let mts = null;
function connect() {
  if (mts) mts.close();
  find("number").value = find("own-number").textContent = kept.number;
  find("thread").querySelectorAll(".sms").forEach((sms) => sms.remove());
  find("empty").hidden = false;
  find("pin").hidden = true;
  const thread = kept.thread();
  thread.messages.forEach(show);
  mts = new EventSource(`/phone/events?number=${encodeURIComponent(kept.number)}&after=${thread.last}`);
  mts.addEventListener("message", (event) => add({ id: Number(event.lastEventId), ...JSON.parse(event.data) }));
  mts.onopen = () => { find("signal").className = ""; refuse(""); };
  mts.onerror = () => {
    find("signal").className = "lost";
    if (mts.readyState === EventSource.CLOSED) refuse("Toto číslo nejde použít, zvolte jiné. / This number cannot be used, choose another.");
  };
}

async function say(text) {
  text = text.trim();
  if (!text) return;
  const at = new Date().toISOString();
  try {
    const answer = await fetch("/phone/messages", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ from: kept.number, text }),
    });
    if (!answer.ok) return refuse(await answer.text());
    refuse("");
    find("text").value = "";
    add({ mine: true, text, at, segments: (await answer.json()).segments });
  } catch {
    refuse("Není signál, zkuste to znovu. / No signal, try again.");
  }
}

find("write").addEventListener("submit", (event) => { event.preventDefault(); say(find("text").value); });
find("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); say(find("text").value); }
});
// What is offered to type goes where somebody typed last: the phone, or the chat beside it.
let target = () => find("text");
find("text").addEventListener("focus", () => { target = () => find("text"); });
window.addEventListener("blur", () => {
  if (document.activeElement === find("chat")) target = () => find("chat").contentDocument.getElementById("text");
});
document.querySelectorAll(".say").forEach((button) => button.addEventListener("click", () => {
  target().value = button.dataset.say;
  target().focus();
}));
find("number").addEventListener("change", () => {
  kept.number = find("number").value.replace(/[^+\d]/g, "");
  connect();
});

const NAMES = { registration: "registrace", invitation: "pozvánka", reservation: "rezervace" };
const figures = new EventSource("/figures");
figures.addEventListener("figures", (event) => {
  const now = JSON.parse(event.data);
  document.querySelectorAll("[data-figure]").forEach((place) => {
    place.textContent = now[place.dataset.figure].toLocaleString("cs-CZ");
  });
  const capacity = Number(document.body.dataset.capacity);
  find("in-use").value = now.in_use;
  find("in-use-words").textContent = `${now.in_use.toLocaleString("cs-CZ")} / ${capacity} seg/s`;
  find("latest").replaceChildren(...now.latest.map((each) => {
    const line = document.createElement("li");
    line.className = each.happening;
    const at = document.createElement("time"), what = document.createElement("b"), where = document.createElement("span");
    at.textContent = time(each.at);
    what.textContent = NAMES[each.happening];
    where.textContent = each.site;
    where.className = "where";
    line.append(at, what, where);
    return line;
  }));
});
const tick = () => { find("clock").textContent = new Date().toLocaleTimeString("cs-CZ", { hour: "2-digit", minute: "2-digit" }); };
tick();
setInterval(tick, 10000);
connect();
