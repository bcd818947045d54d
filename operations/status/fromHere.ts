/** The site as this machine sees it. */
import type { Answer } from "./schema";

const SECONDS = 10;

/** GET /health of the web interface, with DNS and certificate as a browser has them. */
export async function fromHere(url: string): Promise<Answer<{ status: number; seconds: number }>> {
  const start = performance.now();
  try {
    const { status, body } = await fetch(`${url}/health`, {
      redirect: "manual",
      signal: AbortSignal.timeout(SECONDS * 1000),
    });
    await body?.cancel();
    return { value: { status, seconds: (performance.now() - start) / 1000 } };
  } catch (error) {
    // The reason is in the cause: "fetch failed" says nothing.
    const { name, message, cause } = error as Error & { cause?: Error };
    return {
      unknown: name === "TimeoutError" ? `no answer within ${SECONDS} s` : (cause?.message ?? message),
    };
  }
}
