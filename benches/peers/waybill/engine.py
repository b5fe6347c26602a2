"""Waybill on Postgres and RabbitMQ: a scheduler, workers and what submits, each a process of its own.

For the benchmark of durable workflow engines (workload W4). `waybill bench` is told by --part which process it is;
completions are stamped by the worker, after the commit.
"""
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NEEDS = {"pg", "mq"}
ITEMS = {"": 25000, "pipeline": 10000}
WORKERS = int(os.environ.get("WAYBILL_BENCH_PROCESSES", "2"))
CONCURRENCY = os.environ.get("WAYBILL_BENCH_CONCURRENCY", "1")
TUNED = {
    "": f"scheduler, {WORKERS} workers and submitter as processes, {CONCURRENCY} batch of each step at once, lots of one batch "
        "commit together, submitted in batches of 1,000",
    "pipeline": "the real steps with the sandbox that answers at once, one order for up to 250 lots of a supplier",
}


def setup(ctx):
    subprocess.run(["cargo", "build", "--release", "--locked", "-q", "-p", "waybill"], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release/waybill"


def fresh_broker(ctx):
    import pika
    connection = pika.BlockingConnection(pika.URLParameters(ctx.mq.url()))
    steps = ("validate_priority", "match_donor", "issue_order", "confirm_delivery")
    for queue in [f"waybill.{step}.{lane}" for step in steps for lane in ("urgent", "normal", "low")]:
        connection.channel().queue_delete(queue)
    connection.close()
    return ctx.mq.url()


def run(ctx, load):
    exe = setup(ctx)
    workload = ctx.variant or "w4"
    store, broker = ctx.pg.fresh(), fresh_broker(ctx)
    base = [exe, "bench", workload, "--store", store, "--broker", broker, "--evidence", ctx.dir, "--workers", CONCURRENCY]
    env = dict(WAYBILL_LOG="warn")
    ctx.spawn([*base, "--part", "scheduler"], env, "scheduler")
    ctx.wait_file("scheduler-ready*")
    for _ in range(WORKERS):
        ctx.spawn([*base, "--part", "worker"], env, "worker")
    ctx.wait_files("worker-ready*", WORKERS)
    offer = ["--rate", str(load.rate), "--seconds", str(load.items / load.rate)] if load.rate else ["--lots", str(load.items)]
    ctx.spawn([*base, "--part", "submit", *offer], env, "submit")
    ctx.wait_file("submit-ready*")
    ctx.begin()
    (ctx.dir / "go").touch()
    ctx.wait_done(load.items)
    ctx.end()
    if workload == "pipeline":
        # A real step runs again when what it waits for comes; each must have passed every lot once.
        return ctx.result(load, verify(ctx, load.items), counts=passed(ctx))
    return ctx.result(load, verify(ctx, load.items))


def verify(ctx, items):
    """What the database itself says of the lots."""
    import psycopg
    with psycopg.connect(ctx.pg.url()) as db:
        delivered, = db.execute("SELECT count(*) FROM lots WHERE state = 'delivered'").fetchone()
    return dict(correct=delivered == items, delivered=delivered)


def passed(ctx):
    """How many lots passed each of the real steps exactly once, from the log."""
    import psycopg
    kinds = ("lot.validated", "lot.matched", "lot.ordered", "lot.received")
    query = "SELECT count(*) FROM (SELECT FROM events WHERE kind = %s GROUP BY subject HAVING count(*) = 1) AS once"
    with psycopg.connect(ctx.pg.url()) as db:
        return [db.execute(query, (kind,)).fetchone()[0] for kind in kinds]
