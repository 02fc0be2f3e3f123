import assert from "node:assert/strict";
import test from "node:test";
import { withSummary } from "../../../bench/peers/publish.ts";

test("a summary takes the place of the one before it, and of nothing else", () => {
  const marks = ["<!-- npm run bench:peers -- --publish -->", "<!-- end -->"] as const;
  const readme = `# A\n\n${marks[0]}\nold\n${marks[1]}\n\n## B\n`;
  const once = withSummary(readme, "new\n");
  assert.equal(once, `# A\n\n${marks[0]}\nnew\n${marks[1]}\n\n## B\n`);
  assert.equal(withSummary(once, "new\n"), once);
  assert.throws(() => withSummary("# A\n", "new\n"), /--publish: README\.md has no place/);
  assert.throws(() => withSummary(`${marks[1]}\n${marks[0]}\n`, "new\n"), /--publish/);
});
