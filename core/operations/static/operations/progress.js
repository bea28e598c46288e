// Moves the bar of a run that is being worked on; the page is loaded anew when its state changes.
"use strict";

const SECONDS = 1;
const run = document.getElementById("run");
const bar = document.getElementById("run-bar");
const text = document.getElementById("run-text");
const state = document.getElementById("run-state");

async function look() {
  try {
    const answer = await fetch(run.dataset.progress, { headers: { Accept: "application/json" } });
    if (answer.redirected) {
      window.location.reload(); // signed out meanwhile
      return;
    }
    const now = await answer.json();
    bar.value = now.percent;
    text.textContent = now.text;
    if (!now.is_moving) {
      window.location.reload();
      return;
    }
    state.textContent = now.state;
  } catch {
    text.textContent = "The shop does not answer; trying again.";
  }
  setTimeout(look, SECONDS * 1000);
}

setTimeout(look, SECONDS * 1000);
