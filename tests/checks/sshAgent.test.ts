import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sshAgentProblems } from "../../checks/sshAgent";

const folder = mkdtempSync(join(tmpdir(), "agent-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a socket that nobody listens on is refused, with the command that helps", async () => {
  const [problem] = await sshAgentProblems(join(folder, "yesterday"));
  expect(problem?.key).toBe("SSH_AUTH_SOCK");
  expect(problem?.message).toMatch(/does not answer \(.*ENOENT.*\).*Run: unset SSH_AUTH_SOCK$/);
});

test("an agent that answers, and none at all, are fine", async () => {
  const path = join(folder, "agent");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  expect(await sshAgentProblems(path)).toEqual([]);
  server.close();
  expect(await sshAgentProblems("")).toEqual([]);
});
