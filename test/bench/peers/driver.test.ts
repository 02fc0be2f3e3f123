import assert from "node:assert/strict";
import test from "node:test";
import { Driver } from "../../../bench/peers/driver.ts";

/** A driver made of a function body that sees each `request` and may `reply`. */
function driver(body: string, timeoutSeconds = 20): Driver {
  const script = `
    const reply = (message) => console.log("@bench " + JSON.stringify(message));
    require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      const request = JSON.parse(line);
      ${body}
    });`;
  return new Driver(
    "fake",
    { program: process.execPath, args: ["-e", script], environment: { GREETING: "hello" } },
    timeoutSeconds,
  );
}

test("requests that wait together each get their own answer, whatever libraries print in between", async (t) => {
  const fake = driver(`
    console.log("noise");
    reply({ id: request.id, description: process.env.GREETING + " " + request.command });`);
  t.after(() => fake.close());
  const [load, memory] = await Promise.all([fake.request("load"), fake.request("memory")]);
  assert.deepEqual(load, { description: "hello load" });
  assert.deepEqual(memory, { description: "hello memory" });
});

test("an error of the system reaches who asked, and the driver goes on", async (t) => {
  const fake = driver(`
    reply(request.command === "load" ? { id: request.id, error: "no such model" } : { id: request.id, counts: [1] });`);
  t.after(() => fake.close());
  await assert.rejects(fake.request("load"), /^Error: fake: no such model$/);
  assert.deepEqual(await fake.request("count", { texts: ["a"] }), { counts: [1] });
});

test("a process that ends fails what waits and what is asked later, with what it printed", async () => {
  const fake = driver(`console.error("out of memory"); process.exit(7);`);
  const expected = /fake: its process ended with code 7\n {4}out of memory/;
  await Promise.all([
    assert.rejects(fake.request("load"), expected),
    assert.rejects(fake.request("memory"), expected),
  ]);
  await assert.rejects(fake.request("memory"), expected);
  await fake.close();
});

test("a process that does not answer is ended after the timeout", async () => {
  const fake = driver("setInterval(() => {}, 1000);", 0.2);
  await assert.rejects(fake.request("load"), /fake: "load" took longer than 0\.2 s/);
  await fake.close();
});

test("a program that is not there is told", async () => {
  const fake = new Driver("fake", { program: "/no/such/program", args: [], environment: {} }, 20);
  await assert.rejects(fake.request("load"), /fake: .*ENOENT/);
  await fake.close();
});
