/** Headless Chromium: opens the pages of examples, and reads their results. */
import { launchChromium } from "./chromium.mjs";

let browser;

async function openBrowser() {
  browser ??= launchChromium();
  return await browser;
}

export async function closeBrowser() {
  await (await browser)?.close();
}

/**
 * The text of the page's <output> when it holds a result.
 * @throws Error that names every complaint of the page, as soon as there is an uncaught error, or after `seconds`
 */
export async function readOutput(url, { isolated, seconds }) {
  return await withPage(url, isolated, async (page, complaints) => {
    const failed = new Promise((_, reject) =>
      page.once("pageerror", () => setTimeout(() => reject(new Error("an uncaught error")), 500)),
    );
    const done = page.waitForFunction(
      () => document.querySelector("output")?.textContent.startsWith("{"),
      null,
      {
        timeout: seconds * 1000,
      },
    );
    try {
      await Promise.race([done, failed]);
    } catch (error) {
      throw new Error(`${url}: ${error.message}\n${complaints.join("\n")}`);
    }
    if (complaints.length > 0) throw new Error(`${url}: it works, but complains\n${complaints.join("\n")}`);
    return await page.textContent("output");
  });
}

/** What `evaluate` gives in the page. */
export async function evaluateIn(url, { isolated }, evaluate, argument) {
  return await withPage(url, isolated, (page) => page.evaluate(evaluate, argument));
}

async function withPage(url, isolated, use) {
  const context = await (await openBrowser()).newContext();
  try {
    const page = await context.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(`uncaught: ${error.stack || error}`));
    page.on("console", (message) => {
      const text = message.text();
      const told = text.startsWith("Failed to load resource"); // by its response, with the address
      if (["error", "warning"].includes(message.type()) && !told) complaints.push(`console: ${text}`);
    });
    page.on("response", (response) => {
      // Models need not have every file that is looked for.
      const wrong = response.status() >= 400 && !response.url().includes("/demo-en/");
      if (wrong) complaints.push(`${response.status()}: ${response.url()}`);
    });
    // Browsers ask for it of themselves.
    await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
    await page.goto(url);
    if ((await page.evaluate(() => crossOriginIsolated)) !== isolated) {
      throw new Error(`${url}: the page should ${isolated ? "" : "not "}be cross-origin isolated`);
    }
    return await use(page, complaints);
  } finally {
    await context.close();
  }
}
