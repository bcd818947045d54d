/** Postgres on the data volume, with the sizes that fleet/ computed. */
import type { Beds } from "./bed";

export function postgresTests(bed: Beds): void {
  test("it runs with every computed size, and none waits for a restart", async () => {
    // The first is pgBackRest's.
    const { archiveLimitMiB: _, ...sizing } = bed().inputs.sizing.postgres;
    const mib = (value: number) => String(value * 1024 * 1024);
    const expected: Record<string, string> = {
      autovacuum_work_mem: mib(sizing.autovacuumWorkMemMiB),
      effective_cache_size: mib(sizing.effectiveCacheSizeMiB),
      maintenance_work_mem: mib(sizing.maintenanceWorkMemMiB),
      max_connections: String(sizing.maxConnections),
      max_parallel_maintenance_workers: String(sizing.maxParallelMaintenanceWorkers),
      max_parallel_workers: String(sizing.maxParallelWorkers),
      max_parallel_workers_per_gather: String(sizing.maxParallelWorkersPerGather),
      max_wal_size: mib(sizing.maxWalSizeMiB),
      max_worker_processes: String(sizing.maxWorkerProcesses),
      shared_buffers: mib(sizing.sharedBuffersMiB),
      work_mem: mib(sizing.workMemMiB),
    };
    // A size that is computed and has no line above shows up here.
    expect(Object.keys(expected)).toHaveLength(Object.keys(sizing).length);
    const rows = await bed().sql(
      `SELECT name, CASE WHEN unit IS NULL THEN setting ELSE pg_size_bytes(current_setting(name))::text END
         FROM pg_settings WHERE name IN ('${Object.keys(expected).join("', '")}')`,
    );
    expect(Object.fromEntries(rows.split("\n").map((row) => row.split("|")))).toEqual(expected);
    expect(await bed().sql("SELECT name FROM pg_settings WHERE pending_restart")).toBe("");
    expect(await bed().sql("SELECT name, error FROM pg_file_settings WHERE error IS NOT NULL")).toBe("");
  });

  test("its data and its configuration are on the volume, under Debian's own paths", async () => {
    const device = `/dev/disk/by-id/scsi-0DO_Volume_${bed().inputs.volumeName}`;
    const mounts = [
      ["/var/lib/postgresql", "/postgresql"],
      ["/etc/postgresql", "/etc-postgresql"],
      ["/var/lib/redis", "/redis"],
      ["/etc/letsencrypt", "/letsencrypt"],
    ];
    for (const [path, folder] of mounts)
      expect(await bed().main.run(`findmnt -no SOURCE,FSTYPE ${path}`)).toBe(`${device}[${folder}] xfs\n`);
    expect(await bed().sql("SHOW data_directory")).toBe("/var/lib/postgresql/17/main");
    expect(await bed().sql("SHOW config_file")).toBe("/etc/postgresql/17/main/postgresql.conf");
  });

  test("who may log in: mastodon from the loopback with its password, postgres by its own system user, nobody else", async () => {
    const rules = await bed().sql(
      "SELECT type, database, user_name, address, netmask, auth_method, error FROM pg_hba_file_rules",
    );
    expect(rules.split("\n")).toEqual([
      "local|{all}|{postgres}|||peer|",
      "host|{mastodon}|{mastodon}|127.0.0.1|255.255.255.255|scram-sha-256|",
    ]);
    expect(await bed().sql("SHOW listen_addresses")).toBe("127.0.0.1");
    expect((await bed().mastodonSql("SELECT current_user", 5432)).stdout).toBe("mastodon\n");
    expect(
      await bed().sql("SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'mastodon'"),
    ).toBe("t");

    const refused = async (command: string) =>
      (await bed().main.attempt(`${bed().asMastodon(5432)} ${command} -qtAX -c 'SELECT 1'`)).stderr;
    expect(await refused("PGPASSWORD=wrong psql")).toContain(
      'password authentication failed for user "mastodon"',
    );
    expect(await refused("psql -U postgres")).toContain("no pg_hba.conf entry");
    expect(await refused("psql -d postgres")).toContain("no pg_hba.conf entry");
    expect(await refused("psql -h /run/postgresql")).toContain("no pg_hba.conf entry");
    expect(await refused("psql -h /run/postgresql -U postgres")).toContain("Peer authentication failed");
  });

  test("its log tells of errors and of waits for locks, and never a value: of a statement, of a parameter, of a row", async () => {
    await bed().sql("CREATE TABLE kept (secret text UNIQUE); ALTER TABLE kept OWNER TO mastodon");
    const values = ["in-a-slow-one", "as-a-parameter", "in-an-error", "in-a-row", "while-it-waits"];
    const [slow, parameter, error, row, waiting] = values;
    const say = (statement: string) => bed().mastodonSql(statement, 5432);
    await say(`SELECT pg_sleep(2.1), '${slow}';`);
    // As streaming asks: by the extended protocol.
    await say(
      `SELECT pg_sleep(2.1), $1 \\bind '${parameter}' \\g\nSELECT 1 / (0 * length($1::text)) \\bind '${parameter}' \\g\n`,
    );
    expect((await say(`SELECT 1/0, '${error}';`)).stderr).toContain("division by zero");
    await say(`INSERT INTO kept VALUES ('${row}');`);
    expect((await say(`INSERT INTO kept VALUES ('${row}');`)).stderr).toContain("duplicate key value");
    await Promise.all([
      say("BEGIN; LOCK TABLE kept; SELECT pg_sleep(2.5); COMMIT;"),
      say(`SELECT pg_sleep(0.5); INSERT INTO kept VALUES ('${waiting}');`),
    ]);
    await bed().sql("DROP TABLE kept");
    const log = bed().main.read("/var/log/postgresql/postgresql-17-main.log");
    for (const told of ["division by zero", "duplicate key value", "still waiting for RowExclusiveLock"])
      expect(log).toContain(told);
    expect(values.filter((value) => log.includes(value))).toEqual([]);
    expect(
      await bed().sql("SELECT count(*) > 0 FROM pg_stat_statements WHERE query LIKE 'SELECT pg_sleep($1)%'"),
    ).toBe("t");
  });
}
