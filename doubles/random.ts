/** random: real random values, made as the provider makes them. */
import { randomBytes, randomInt, randomUUID } from "node:crypto";
import type * as random from "@pulumi/random";
import { Account } from "./account";
import { between, inputsOf } from "./inputs";
import { type Kind, ProviderDouble } from "./provider";
import type { Values } from "./values";

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

const randomPassword: Kind<Account> = {
  inputs: inputsOf<random.RandomPasswordArgs>()({
    length: { type: "integer", required: true, replaces: true, refuses: between(1, 4096) },
    special: { type: "boolean", replaces: true, default: true },
  }),
  computed: ["result", "bcryptHash"],
  secrets: ["result", "bcryptHash"],
  create: (_account, { length }) => {
    const result = Array.from({ length: length as number }, () => LETTERS[randomInt(LETTERS.length)]).join(
      "",
    );
    return { id: "none", outputs: { result, bcryptHash: `$2a$10$${randomBytes(32).toString("hex")}` } };
  },
};

const randomBytesKind: Kind<Account> = {
  inputs: inputsOf<random.RandomBytesArgs>()({
    length: { type: "integer", required: true, replaces: true, refuses: between(1, 4096) },
  }),
  computed: ["hex", "base64"],
  secrets: ["hex", "base64"],
  create: (_account, { length }) => {
    const bytes = randomBytes(length as number);
    return { id: "none", outputs: { hex: bytes.toString("hex"), base64: bytes.toString("base64") } };
  },
};

const randomUuid: Kind<Account> = {
  inputs: inputsOf<random.RandomUuidArgs>()({ keepers: { type: "map", replaces: true } }),
  computed: ["result"],
  create: () => {
    const result = randomUUID();
    return { id: result, outputs: { result } };
  },
};

export class RandomDouble extends ProviderDouble {
  readonly package = "random";
  readonly configuration = {};
  override readonly stateless = true;
  readonly kinds = {
    "random:index/randomPassword:RandomPassword": randomPassword,
    "random:index/randomBytes:RandomBytes": randomBytesKind,
    "random:index/randomUuid:RandomUuid": randomUuid,
  };
  protected logIn(_configuration: Values) {
    return new Account("random");
  }
}
