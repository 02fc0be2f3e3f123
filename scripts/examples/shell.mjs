/** Commands that end in time, or are ended with all that they started. */
import { spawn } from "node:child_process";

const running = new Set();

/** The head of a process group of its own, so that what it starts itself, as bundlers do, can be ended with it. */
function start(command, { cwd, env }) {
  const child = spawn(command, { cwd, env, shell: true, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const started = { pid: child.pid, stdout: "", all: "" };
  running.add(child.pid);
  child.stdout.on("data", (bytes) => {
    started.stdout += bytes;
    started.all += bytes;
  });
  child.stderr.on("data", (bytes) => {
    started.all += bytes;
  });
  started.ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code ?? signal));
    // Streams that a descendant holds close only when that has ended, too.
    child.once("exit", () => setTimeout(() => kill(child.pid), 500));
  });
  return started;
}

function kill(pid) {
  if (!running.delete(pid)) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

process.once("exit", () => {
  for (const pid of running) kill(pid);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/**
 * Runs `command` to its end.
 * @returns what it printed: `stdout`, and `all` with standard error
 * @throws Error with all that it printed, if it fails or takes longer than `seconds`
 */
export async function run(command, { cwd, env, seconds }) {
  const started = start(command, { cwd, env });
  let late = false;
  const alarm = setTimeout(() => {
    late = true;
    kill(started.pid);
  }, seconds * 1000);
  const code = await started.ended;
  clearTimeout(alarm);
  if (late) throw new Error(`${command}: not done after ${seconds} s, killed\n${started.all}`);
  if (code !== 0) throw new Error(`${command}: ended with ${code}\n${started.all}`);
  return started;
}

/**
 * Runs a server while `use` does, which starts when `url` answers.
 * @throws Error with all that the server printed, if it does not answer in time, or `use` fails
 */
export async function withServer(command, { cwd, env, seconds, url }, use) {
  const started = start(command, { cwd, env });
  let code;
  started.ended.then((ended) => {
    code = ended;
  });
  try {
    const deadline = performance.now() + seconds * 1000;
    while (!(await answers(url))) {
      if (code !== undefined) throw new Error(`${command}: ended with ${code}`);
      if (performance.now() > deadline) throw new Error(`${command}: no answer after ${seconds} s`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return await use();
  } catch (error) {
    throw new Error(`${error.message}\n${started.all}`, { cause: error });
  } finally {
    kill(started.pid);
  }
}

async function answers(url) {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(20_000) })).ok;
  } catch {
    return false;
  }
}
