const texts = [
  "a fish of cold rivers",
  "trout",
  "money paid to the state",
  "a tax on income",
  "a building in which people pray",
  "church",
];

/** The worker that answers this page's requests; a page that was loaded before it started has none yet. */
async function controlled() {
  await navigator.serviceWorker.register("worker.js");
  if (navigator.serviceWorker.controller) return;
  await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
}

await controlled();
const response = await fetch("embed", { method: "POST", body: JSON.stringify(texts) });
document.querySelector("output").textContent = await response.text();
