/** This machine's architecture, by the name that Debian, Go and container images use. */
export const ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;
