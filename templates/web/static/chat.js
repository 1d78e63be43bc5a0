"use strict";
// The page works without this: it only spares the reloads. What is shown is always what the server has.
const find = (id) => document.getElementById(id);
const thread = find("thread"), text = find("text");
let byKey = false; // how the last button was pressed
let refocus = false; // the button that was pressed by key goes; what the next answer offers takes its place
document.documentElement.classList.add("scripted");

function scroll() {
  // To the end, but never past the beginning of what was said last.
  thread.scrollTop = Math.min(thread.scrollHeight, thread.lastElementChild.offsetTop);
}

const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("");

function refuse(words) {
  find("refused").textContent = words;
  find("refused").hidden = !words;
}

function show(now) {
  const wasEmpty = Boolean(find("welcome"));
  // Another language, or the conversation was ended in another window: everything differs.
  if (now.language !== document.documentElement.lang || (now.is_empty && !wasEmpty)) return location.reload();
  if (wasEmpty && !now.is_empty) {
    thread.replaceChildren();
    find("end").hidden = false;
  }
  const seen = document.createElement("template");
  seen.innerHTML = now.messages;
  let before = null, news = false;
  for (const message of seen.content.querySelectorAll(".message")) {
    const old = find(message.id);
    if (!old) {
      if (before) before.after(message); else thread.prepend(message);
      news = true;
    }
    before = old || message;
  }
  find("status").innerHTML = now.status;
  if (find("answers").dataset.now !== now.answers_for) {
    const focused = find("answers").contains(document.activeElement);
    find("answers").innerHTML = now.answers;
    find("answers").dataset.now = now.answers_for;
    if (focused) thread.focus({ preventScroll: true });
    if (refocus && !now.is_waiting) {
      (find("answers").querySelector(".choices button") || text).focus();
      refocus = false;
    }
  }
  if (news) scroll();
}

async function send(form, button) {
  const body = new URLSearchParams(new FormData(form, button));
  body.set("once", fresh());
  refocus = byKey && form.id !== "write";
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (answer.ok) {
      refuse("");
      if (form.id === "write") text.value = "";
    } else {
      refuse((await answer.json()).refused);
    }
  } catch {
    refuse(document.body.dataset.lost);
  }
}

document.addEventListener("submit", (event) => {
  if (new URL(event.target.action).pathname !== "/chat") return;
  event.preventDefault();
  send(event.target, event.submitter);
});
document.addEventListener("pointerdown", () => { byKey = false; });
document.addEventListener("keydown", () => { byKey = true; });

scroll();
const events = new EventSource("/chat/events");
events.addEventListener("thread", (event) => {
  if (find("refused").textContent === document.body.dataset.lost) refuse("");
  show(JSON.parse(event.data));
});
events.onerror = () => refuse(document.body.dataset.lost);
events.onopen = () => { if (find("refused").textContent === document.body.dataset.lost) refuse(""); };
