/** Public ssh keys as in authorized_keys. What sshd would silently skip is refused. */
import { createPublicKey } from "node:crypto";

const CURVES: Readonly<Record<string, [curve: string, bytes: number]>> = {
  nistp256: ["P-256", 32],
  nistp384: ["P-384", 48],
  nistp521: ["P-521", 66],
};
const TYPES = [
  "ssh-ed25519",
  "sk-ssh-ed25519@openssh.com",
  "ssh-rsa",
  ...Object.keys(CURVES).map((curve) => `ecdsa-sha2-${curve}`),
  "sk-ecdsa-sha2-nistp256@openssh.com",
];

/** What is wrong with a line, as a clause; undefined for a key that works. The message does not repeat the line. */
export function sshKeyProblem(line: string): string | undefined {
  if (/PRIVATE KEY/.test(line)) return "is a private key; write the line of the .pub file";
  if (/^-+\s*BEGIN/.test(line))
    return "has a format other than OpenSSH's; run: ssh-keygen -i -f FILE, and write the line it prints";
  if (/[\n\r]/.test(line.trim())) return "has more than one line; write one key for each entry of the list";
  const [type = "", base64 = ""] = line.trim().split(/\s+/);
  if (/-cert-v01@openssh\.com$/.test(type)) return "is a certificate; write the public key that it certifies";
  if (type === "ssh-dss")
    return "is a DSA key, which OpenSSH no longer accepts; create another: ssh-keygen -t ed25519";
  if (!TYPES.includes(type))
    return line
      .trim()
      .split(/\s+/)
      .some((word) => TYPES.includes(word))
      ? "has options before the key, which these machines do not use; begin with the key's type"
      : "is not a public key in OpenSSH's format";
  if (!/^[A-Za-z\d+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return CUT;
  return blobProblem(type, Buffer.from(base64, "base64"));
}

const CUT = "has no complete key after its type; copy the whole line of the .pub file";

function blobProblem(type: string, blob: Buffer): string | undefined {
  const [name, ...parts] = fieldsOf(blob) ?? [];
  if (!name) return CUT;
  if (name.toString() !== type)
    return `says ${type}, but its data is of another type; copy the line of the .pub file again`;
  if (type === "ssh-rsa") return rsaProblem(parts);
  const isSecurityKey = type.startsWith("sk-");
  const curve = CURVES[type.replace(/^(sk-)?ecdsa-sha2-/, "").replace("@openssh.com", "")];
  // Security keys end with the name of their application.
  const expected = (curve ? 2 : 1) + (isSecurityKey ? 1 : 0);
  if (parts.length !== expected) return CUT;
  return isPoint(curve, parts[curve ? 1 : 0]) ? undefined : CUT;
}

/** Length-prefixed fields (RFC 4251, section 5); undefined if they do not fill the blob. */
function fieldsOf(blob: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  for (let at = 0; at < blob.length; ) {
    const length = at + 4 <= blob.length ? blob.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > blob.length) return undefined;
    fields.push(blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}

function rsaProblem([exponent, modulus, ...more]: Buffer[]): string | undefined {
  if (!exponent?.length || !modulus?.length || more.length > 0) return CUT;
  const bits = modulus.toString("hex").replace(/^0+/, "").length * 4;
  // Debian's OpenSSH refuses less than 1,024; every recommendation starts at 2,048.
  return bits < 2_048
    ? `is an RSA key of only ${bits} bits; create another: ssh-keygen -t ed25519`
    : undefined;
}

/** Whether a public value is on the curve; without a curve, on Ed25519. */
function isPoint(curve: [string, number] | undefined, value: Buffer | undefined): boolean {
  if (!curve) return value?.length === 32;
  const [crv, bytes] = curve;
  if (value?.length !== 1 + 2 * bytes || value[0] !== 4) return false;
  const coordinate = (from: number) => value.subarray(from, from + bytes).toString("base64url");
  try {
    createPublicKey({ format: "jwk", key: { kty: "EC", crv, x: coordinate(1), y: coordinate(1 + bytes) } });
    return true;
  } catch {
    return false;
  }
}
