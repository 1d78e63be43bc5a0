"use strict";
// A call from the number of the phone beside it: keys go out, and what would be spoken comes back.
const call = { isOn: false, keys: "", most: 1, sound: null };

function hear(words, kind) {
  const line = document.createElement("p");
  line.className = kind;
  line.textContent = words;
  find("heard").append(line);
  find("heard").scrollTop = find("heard").scrollHeight;
}

function ready(isOn) {
  call.isOn = isOn;
  call.keys = find("keyed").value = "";
  find("hook").classList.toggle("busy", isOn);
  find("hook").firstChild.textContent = isOn ? "Zavěsit " : `Zavolat ${document.body.dataset.sender} `;
  find("hook").lastElementChild.textContent = isOn ? "Hang up" : "Call";
  document.querySelectorAll("#keys button").forEach((key) => { key.disabled = !isOn; });
  if (!isOn) find("say-name").hidden = true;
}

async function ask(door, said = {}) {
  if (call.sound) call.sound.pause();
  call.keys = find("keyed").value = "";
  try {
    const answer = await fetch(`/call/${door}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ from: kept.number, ...said }),
    });
    if (!answer.ok) return hear(await answer.text(), "refused");
    if (door === "end") return;
    const now = await answer.json();
    call.most = now.most;
    hear(now.asks_day ? "Zadejte den jako osm číslic. / Key in the day, eight digits." : now.text, "voice");
    if (now.is_over) hear("(Klávesa začne znovu, nebo zavěste. / Any key begins again, or hang up.)", "empty");
    find("say-name").hidden = !now.is_spoken;
    if (now.sound && find("aloud").checked && !now.asks_day) {
      call.sound = new Audio(now.sound);
      call.sound.play().catch(() => {});
    }
  } catch {
    hear("Spojení vypadlo. / The line is dead.", "refused");
  }
}

function press(key) {
  if (!call.isOn) return;
  call.keys += key;
  find("keyed").value = call.keys;
  if (key !== "#" && call.keys.length < call.most && key !== "*") return;
  hear(call.keys, "pressed");
  ask("keys", { keys: call.keys });
}

document.querySelectorAll("#keys button").forEach((key) => key.addEventListener("click", () => press(key.dataset.key)));
document.querySelector(".set").addEventListener("keydown", (event) => {
  if (event.target.id !== "spoken" && /^[0-9*#]$/.test(event.key)) press(event.key);
});
find("say-name").addEventListener("submit", (event) => {
  event.preventDefault();
  const spoken = find("spoken").value.trim();
  if (!spoken) return;
  find("spoken").value = "";
  hear(spoken, "pressed");
  ask("keys", { spoken });
});
find("hook").addEventListener("click", () => {
  if (call.isOn) {
    ready(false);
    hear("Zavěšeno. / On the hook.", "empty");
    ask("end");
  } else {
    find("heard").replaceChildren();
    ready(true);
    ask("begin");
  }
});
